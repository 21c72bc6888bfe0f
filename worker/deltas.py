"""Text as it is written, passed on to whoever watches: by NOTIFY, in small batches, kept nowhere."""

import asyncio
from collections import defaultdict
from typing import Final

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core import sql
from core.db import Database
from core.sql import Statement
from services.claims import Claim
from services.events import DELTA_CHANNEL

log = structlog.get_logger(__name__)

BATCH_SECONDS: Final = 0.1
PIECE_LENGTH: Final = 1500
"""Characters in one notification: PostgreSQL takes payloads of less than 8,000 bytes, JSON escapes included."""

_NOTIFY: Final = Statement.of(
    "SELECT pg_notify(:channel, payload) FROM unnest(CAST(:payloads AS text[])) AS payload"
)


class Deltas:
    """`add` never waits; `run` sends what has come together."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._pending: dict[tuple[str, str, str, int], list[str]] = defaultdict(list)
        self._some = asyncio.Event()

    def add(self, claim: Claim, service: str, sequence: int, piece: str) -> None:
        """`sequence`: of the draft that it is a piece of. It may come after the draft, and must not be taken for the next."""
        if service == "writer" and piece:
            draft = str(claim.workflow_id), str(claim.thread_id), claim.platform, sequence
            self._pending[draft].append(piece)
            self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(BATCH_SECONDS)
            self._some.clear()
            pending, self._pending = self._pending, defaultdict(list)
            payloads = [
                orjson.dumps(
                    {
                        "workflow_id": workflow,
                        "thread_id": thread,
                        "platform": platform,
                        "sequence": sequence,
                        "text": whole[at : at + PIECE_LENGTH],
                    }
                ).decode()
                for (workflow, thread, platform, sequence), pieces in pending.items()
                for whole in ["".join(pieces)]
                for at in range(0, len(whole), PIECE_LENGTH)
            ]
            try:
                async with self._db.autocommit() as connection:
                    await sql.rows(connection, _NOTIFY, {"channel": DELTA_CHANNEL, "payloads": payloads})
            except SQLAlchemyError as error:
                # Watchers miss a piece; the draft itself comes with its commit.
                log.warning("deltas.lost", reason=str(error).splitlines()[0])
