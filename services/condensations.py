"""What is made of a long source's pieces, once for all who ask the same: the platforms of a workflow, and the same source
again. A piece that nobody has read is the claim of the thread that reads it, and falls to the next as soon as that thread
is not its worker's any more."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from agents.base import Condenser, CondenseRequest, Meter, Note, Prompt, Writer, WriteRequest, Written
from core.db import Database
from core.outages import is_outage
from services.claims import Claim

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
"""Between two looks at what another thread reads; a model takes several."""
_NOTES: Final = TypeAdapter(tuple[Note, ...])

_WHICH: Final = "workspace_id = :workspace_id AND prompt_hash = :prompt_hash AND model = :model"
_FIND_OR_CLAIM = text(f"""
WITH claimed AS (
    INSERT INTO condensations AS c (workspace_id, model, prompt_hash, thread_id, epoch)
    VALUES (:workspace_id, :model, :prompt_hash, :thread_id, :epoch)
    ON CONFLICT (workspace_id, prompt_hash, model) DO UPDATE SET thread_id = EXCLUDED.thread_id, epoch = EXCLUDED.epoch
    WHERE c.notes IS NULL AND NOT EXISTS (
        SELECT FROM platform_states p WHERE p.id = c.thread_id AND p.epoch = c.epoch AND p.lease_until > now()
    )
    RETURNING id
)
SELECT EXISTS (SELECT FROM claimed) AS ours, (SELECT notes FROM condensations WHERE {_WHICH}) AS notes
""")
# Of two that have read it all the same, the first counts: what is made of the notes is then the same too.
_KEEP = text(f"""
UPDATE condensations SET notes = coalesce(notes, CAST(:notes AS jsonb)) WHERE {_WHICH} RETURNING notes
""")
_GIVE_BACK = text(f"""
UPDATE condensations SET thread_id = NULL
WHERE {_WHICH} AND notes IS NULL AND thread_id = :thread_id AND epoch = :epoch
""")


def shared(writer: Writer, db: Database, claim: Claim) -> Writer:
    """The same writer, for this advance."""
    return SharingWriter(writer, db, claim) if isinstance(writer, Condenser) else writer


@dataclass(frozen=True, slots=True)
class SharingWriter:
    """A Condenser that asks the model only what no other thread of the workspace has asked it."""

    writer: Condenser
    db: Database
    claim: Claim
    look_seconds: float = LOOK_SECONDS

    @property
    def window_words(self) -> int:
        return self.writer.window_words

    def condensing_prompt(self, request: CondenseRequest) -> Prompt | None:
        return self.writer.condensing_prompt(request)

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        return await self.writer.write(request, meter)

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
        prompt = self.condensing_prompt(request)
        if prompt is None:
            return await self.writer.condense(request, meter)
        claim = self.claim
        piece = {"workspace_id": claim.workspace_id, "model": prompt.model, "prompt_hash": prompt.hash}
        mine = {**piece, "thread_id": claim.thread_id, "epoch": claim.epoch}
        while True:
            async with self.db.service(claim.workspace_id) as session:
                found = (await session.execute(_FIND_OR_CLAIM, mine)).one()
            if found.notes is not None:
                return _NOTES.validate_python(found.notes)
            if found.ours:
                break
            await asyncio.sleep(self.look_seconds)
        try:
            made = await self.writer.condense(request, meter)
        except BaseException:
            await asyncio.shield(self._give_back(mine))
            raise
        return await self._keep(piece, made)

    async def _keep(self, piece: dict[str, Any], made: tuple[Note, ...]) -> tuple[Note, ...]:
        notes = orjson.dumps(_NOTES.dump_python(made, mode="json")).decode()
        try:
            async with self.db.service(self.claim.workspace_id) as session:
                kept = (await session.execute(_KEEP, {**piece, "notes": notes})).one_or_none()
        except SQLAlchemyError as error:
            if not is_outage(error):
                raise
            log.warning("condensation.not_kept")  # it is paid for, and goes on with this thread alone
            return made
        return made if kept is None else _NOTES.validate_python(kept.notes)

    async def _give_back(self, mine: dict[str, Any]) -> None:
        try:
            async with self.db.service(self.claim.workspace_id) as session:
                await session.execute(_GIVE_BACK, mine)
        except SQLAlchemyError:
            log.warning("condensation.not_given_back")  # it falls to others with the thread's own claim
