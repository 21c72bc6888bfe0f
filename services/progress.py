"""What an advance has produced and not yet committed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from core import faults
from core.content import content_hash
from core.db import Database
from core.outages import is_outage, sqlstate
from core.sql import connection_of
from graphs.records import content_of
from graphs.run import Step
from graphs.state import DraftRecord, EvaluationRecord, State
from services.checkpoints import BufferedSaver, CheckpointRows
from services.claims import Claim
from services.commit import Advance, commit
from services.metering import DatabaseMeter

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = (0.2, 1.0, 2.0)
"""The last one again and again. The commit can be repeated: a second one of the same advance finds its fence closed,
or changes nothing."""

Before = Callable[[AsyncSession], Awaitable[None]]
"""Statements of the same transaction that rarely are; run before the commit's own."""


@dataclass(slots=True)
class Progress:
    claim: Claim
    saver: BufferedSaver
    state: State = field(default_factory=lambda: State())
    jobs: list[dict[str, Any]] = field(default_factory=list)
    job_attempts: list[dict[str, Any]] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    """What a publication that is over leaves for the commit of the graph's next pause or end."""
    _drafts: list[dict[str, Any]] = field(default_factory=list)
    _evaluations: list[dict[str, Any]] = field(default_factory=list)
    _usage: list[dict[str, Any]] = field(default_factory=list)
    _paid: list[dict[str, Any]] = field(default_factory=list)
    _checkpoint: CheckpointRows = field(default_factory=CheckpointRows)

    def add(self, step: Step, meter: DatabaseMeter) -> None:
        """A superstep is over: its rows go with the next commit."""
        self.reach(step.state)
        self._drafts += [_draft_row(draft, self.saver.latest_id) for draft in step.drafts]
        self._evaluations += map(_evaluation_row, step.evaluations)
        about = [draft["id"] for draft in step.drafts] + [e["draft_id"] for e in step.evaluations]
        draft_id = about[-1] if about else None
        free, paid = meter.take()
        self._usage += [{**row, "draft_id": draft_id} for row in free]
        self._paid += [{"id": call_id, "draft_id": draft_id} for call_id in paid]

    def reach(self, state: State) -> None:
        """Where the graph is, checkpoints included. A commit goes no further: the graph may have run on meanwhile."""
        self.state = state
        self._checkpoint += self.saver.take()

    async def save(self, db: Database, advance: Advance, before: Before | None = None) -> None:
        """Commit `advance` with all that has come together, paid work among it: as soon as the database takes it, unless
        somebody else has the thread by then. Raises ClaimLost, or what the database has against it."""
        drafts = self.state.get("drafts") or []
        full = replace(
            advance,
            active_draft_id=UUID(active) if (active := self.state.get("active_draft_id")) else None,
            iteration=len(drafts) - 1 if drafts else None,
            jobs=[*advance.jobs, *self.jobs],
            job_attempts=[*advance.job_attempts, *self.job_attempts],
            posts=self.posts,
            drafts=self._drafts,
            evaluations=self._evaluations,
            usage=self._usage,
            paid=self._paid,
            checkpoint=self._checkpoint,
        )
        self.jobs, self.job_attempts, self.posts = [], [], []
        self._drafts, self._evaluations, self._usage, self._paid = [], [], [], []
        self._checkpoint = CheckpointRows()
        for wait in chain(RETRY_SECONDS, repeat(RETRY_SECONDS[-1])):
            try:
                await self._commit(db, full, before)
            except SQLAlchemyError as error:
                if not is_outage(error):
                    raise
                log.warning("thread.commit_waits", sqlstate=sqlstate(error))
                await asyncio.sleep(wait)
            else:
                return

    async def _commit(self, db: Database, advance: Advance, before: Before | None) -> None:
        faults.reach("before_commit")
        if before is None:
            async with db.autocommit() as connection:
                await commit(connection, self.claim, advance)
        else:
            async with db.service(self.claim.workspace_id) as session:
                await before(session)
                await commit(connection_of(session), self.claim, advance)


def _draft_row(draft: DraftRecord, checkpoint_id: str | None) -> dict[str, Any]:
    prompt = draft["prompt"]
    return {
        **draft,
        "content_hash": content_hash(content_of(draft)),
        "model": prompt["model"] if prompt else None,
        "prompt_hash": prompt["hash"] if prompt else None,
        "prompt": None,
        "checkpoint_id": checkpoint_id,
    }


def _evaluation_row(evaluation: EvaluationRecord) -> dict[str, Any]:
    return {name: value for name, value in evaluation.items() if name != "prompt"}
