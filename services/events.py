"""What happened, as streams read it: events are written by triggers on the rows that they are about.

A position is (xid, id). Rows are read in that order and only below the oldest transaction that is still running, so
that none which commits late is ever skipped. Notifications bring the same rows, in the order of commits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

import orjson

from core import sql
from core.sql import Connection, Row, Statement

DUE_CHANNEL: Final = "proofroom_due"
"""Something became due; no payload."""
EVENT_CHANNEL: Final = "proofroom_events"
"""Something was written for a workflow or a file; `Notification` says what its payload is."""
DELTA_CHANNEL: Final = "proofroom_deltas"
"""A piece of text as it is written: {"workflow_id", "thread_id", "platform", "text"}."""
PRESENCE_CHANNEL: Final = "proofroom_presence"
"""Somebody began or ceased to look at a review; the payload is the workspace's id."""

_PAGE: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class EventType(StrEnum):
    THREAD_STATUS = "thread.status"
    DRAFT_CREATED = "draft.created"
    EVALUATION_CREATED = "evaluation.created"
    REVIEW_REQUESTED = "review.requested"
    REVIEW_DECIDED = "review.decided"
    JOB_STATUS = "job.status"
    POST_PUBLISHED = "post.published"
    WORKFLOW_STATUS = "workflow.status"
    EXTRACTION_STATUS = "extraction.status"


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
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """Of a transaction that has committed. Its words are the workspace's id, the workflow's or the file's, and the
    transaction's; then, where an event was written, `oldest`, its row, its time in microseconds since 1970, and itself in
    JSON, unless it is too long for a notification."""

    workspace_id: str
    about_id: str
    transaction: int
    oldest: int = 0
    """All transactions before this one were over when it was written; 0: it does not say."""
    _event: Sequence[str] = ()

    @classmethod
    def parse(cls, payload: str) -> Self:
        workspace_id, about_id, transaction, *more = payload.split(" ", 6)
        return cls(workspace_id, about_id, int(transaction), int(more[0]) if more else 0, more[1:])

    @property
    def is_event(self) -> bool:
        return bool(self._event)

    def event(self) -> Event | None:
        """None when it is too long, and has to be read."""
        row, microseconds, *written = self._event
        if not written:
            return None
        at = _EPOCH + timedelta(microseconds=int(microseconds))
        return _event(Position(self.transaction, int(row)), orjson.loads(written[0]), at)


@dataclass(frozen=True, slots=True)
class Batch:
    events: Sequence[Event]
    reached: Position
    """Nothing up to here is still to come."""
    whole: bool
    """Nothing else is to be read now."""


@dataclass(frozen=True, slots=True)
class Now:
    position: Position
    """Before all that is not over yet."""
    newest: int
    """The latest transaction that has begun."""


_READ = Statement.of("""
SELECT * FROM read_events(:workspace_id, :workflow_id, CAST(CAST(:xid AS text) AS xid8), CAST(:id AS bigint), :limit)
""")
_READ_WORKSPACE = Statement.of("""
SELECT * FROM read_workspace_events(:workspace_id, CAST(CAST(:xid AS text) AS xid8), CAST(:id AS bigint), :limit)
""")
_NOW = Statement.of("""
SELECT pg_snapshot_xmin(s)::text AS oldest, pg_snapshot_xmax(s)::text AS next FROM pg_current_snapshot() s
""")


async def read(
    connection: Connection, workspace_id: UUID, workflow_id: UUID, after: Position, limit: int = _PAGE
) -> Batch:
    """The next events of a workflow after a position, oldest first; on `Database.functions()`."""
    about = {"workspace_id": workspace_id, "workflow_id": workflow_id}
    return await _read(connection, _READ, about, after, limit)


async def read_workspace(
    connection: Connection, workspace_id: UUID, after: Position, limit: int = _PAGE
) -> Batch:
    """The same of all workflows of a workspace."""
    return await _read(connection, _READ_WORKSPACE, {"workspace_id": workspace_id}, after, limit)


async def _read(
    connection: Connection, statement: Statement, about: Mapping[str, UUID], after: Position, limit: int
) -> Batch:
    rows = await sql.rows(
        connection, statement, {**about, "xid": str(after.xid), "id": after.row, "limit": limit}
    )
    events = [
        _event(_position(row), row["event"], row["created_at"]) for row in rows if row["event"] is not None
    ]
    return Batch(events, _position(rows[-1]), whole=len(events) < limit)


async def now(connection: Connection) -> Now:
    """Where a stream begins that asks for nothing of before."""
    found = await sql.row(connection, _NOW, {})
    assert found is not None
    return Now(Position(int(found["oldest"])), int(found["next"]) - 1)


def _event(position: Position, written: dict[str, Any], at: datetime) -> Event:
    return Event(position, written["type"], {**written, "at": at.astimezone(UTC).isoformat()})


def _position(row: Row) -> Position:
    return Position(int(row["xid"]), row["id"])
