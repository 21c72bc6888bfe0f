"""What happened, as streams read it: events are written by triggers on the rows that they are about.

A position is (xid, id). Rows are read in that order and only below the oldest transaction that is still running, so
that none which commits late is ever skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from core import sql
from core.sql import Connection, Statement

DUE_CHANNEL: Final = "proofroom_due"
"""Something became due; no payload."""
EVENT_CHANNEL: Final = "proofroom_events"
"""Something was written for a workflow; the payload is its id and the transaction's."""
DELTA_CHANNEL: Final = "proofroom_deltas"
"""A piece of text as it is written: {"workflow_id", "thread_id", "platform", "text"}."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Just after the event of this transaction and row; `str()` is the stream's event id."""

    xid: int = 0
    row: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.row}"

    @classmethod
    def parse(cls, value: str) -> Self:
        """Raises ValueError."""
        xid, separator, row = value.partition("-")
        if not (separator and xid.isascii() and xid.isdigit() and row.isascii() and row.isdigit()):
            raise ValueError(f"{value!r} is no event id of ours")
        if int(xid) >= 2**63 or int(row) >= 2**63:
            raise ValueError(f"{value!r} is no event id of ours")
        return cls(int(xid), int(row))


@dataclass(frozen=True, slots=True)
class Event:
    position: Position
    type: str
    """thread.status, draft.created, evaluation.created, review.requested, review.decided, job.status, post.published
    or workflow.status."""
    payload: dict[str, Any]


_READ = Statement.of("""
SELECT * FROM read_events(:workspace_id, :workflow_id, CAST(CAST(:xid AS text) AS xid8), CAST(:id AS bigint), :limit)
""")


async def read(
    connection: Connection, workspace_id: UUID, workflow_id: UUID, after: Position, limit: int = 200
) -> Sequence[Event]:
    """The next events of a workflow after a position, oldest first; on `Database.functions()`."""
    parameters = {
        "workspace_id": workspace_id,
        "workflow_id": workflow_id,
        "xid": str(after.xid),
        "id": after.row,
        "limit": limit,
    }
    return [
        Event(
            Position(int(row["xid"]), row["id"]),
            row["event"]["type"],
            {**row["event"], "at": row["created_at"].isoformat()},
        )
        for row in await sql.rows(connection, _READ, parameters)
    ]
