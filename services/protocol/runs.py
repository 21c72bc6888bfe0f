"""The runs of a thread: rows that say what a client asked for and what became of it. `run_starts` puts them into effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core import sql
from core.errors import Conflict, FieldError, Invalid, NotFound
from core.sql import Connection, Statement, connection_of
from models import RunKind, RunStatus
from services import workflows

ENDED: Final = frozenset({RunStatus.SUCCESS, RunStatus.ERROR, RunStatus.INTERRUPTED, RunStatus.TIMEOUT})
Action = Literal["interrupt", "rollback"]


class RunEnded(Conflict):
    title = "The run is over"


@dataclass(frozen=True, slots=True)
class Run:
    id: UUID
    thread_id: UUID
    workspace_id: UUID
    user_id: UUID | None
    graph_id: str
    kind: str
    status: str
    multitask_strategy: str
    request: dict[str, Any]
    metadata: dict[str, Any]
    error: str | None
    begun_at: datetime | None
    first_checkpoint: str | None
    last_checkpoint: str | None
    created_at: datetime
    updated_at: datetime
    workflow_id: UUID | None = None
    """Of a run that has just been added, none yet where it starts one."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def failure(self) -> dict[str, str]:
        return failure(self.error)


COLUMNS: Final = ", ".join(
    [
        *(f"r.{name}" for name in Run.__slots__ if name != "workflow_id"),
        "(SELECT p.workflow_id FROM platform_states p WHERE p.id = r.thread_id) AS workflow_id",
    ]
)


def failure(error: str | None) -> dict[str, str]:
    """As LangGraph tells an error: its name, and what it says."""
    name, found, message = (error or "").partition(": ")
    return {"error": name if found else "Error", "message": message if found else name}


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """`begun`: it is put into effect in the same transaction; else it waits for its turn, or for `delay` seconds."""

    thread_id: UUID
    graph_id: str
    kind: RunKind
    multitask_strategy: str
    request: dict[str, Any]
    metadata: dict[str, Any]
    begun: bool
    delay: float = 0
    first_checkpoint: str | None = None


async def add(connection: Connection, workspace_id: UUID, user_id: UUID, new: New) -> Run:
    """The row alone; the caller has the thread's lock."""
    given = {
        "id": uuid7(),
        "workspace_id": workspace_id,
        "user_id": user_id,
        "thread_id": new.thread_id,
        "graph_id": new.graph_id,
        "kind": new.kind,
        "multitask_strategy": new.multitask_strategy,
        "request": _json(new.request),
        "metadata": _json(new.metadata),
        "begun": new.begun,
        "delay": new.delay,
        "first_checkpoint": new.first_checkpoint,
    }
    (row,) = await sql.rows(connection, _ADD, given)
    return Run(**row)


async def find(connection: Connection, thread_id: UUID, run_id: UUID) -> Run:
    """Raises NotFound."""
    row = await sql.row(connection, _ONE, {"id": run_id, "thread_id": thread_id})
    if row is None:
        raise not_found()
    return Run(**row)


def not_found() -> NotFound:
    return NotFound("There is no such run.")


async def browse(
    connection: Connection, thread_id: UUID, *, status: str | None, limit: int, offset: int
) -> Sequence[Run]:
    """Newest first. Raises NotFound for a thread that is not there."""
    wanted = {"thread_id": thread_id, "status": status, "limit": limit, "offset": offset}
    rows = await sql.rows(connection, _PAGE, wanted)
    if not rows and await sql.row(connection, _THREAD, {"id": thread_id}) is None:
        raise NotFound("There is no such thread.")
    return [Run(**row) for row in rows]


async def active(connection: Connection, statuses: Sequence[str]) -> Sequence[tuple[UUID, UUID]]:
    """(thread, run) of each in the workspace that has one of these statuses, oldest first."""
    rows = await sql.rows(connection, _ACTIVE, {"statuses": list(statuses)})
    return [(row["thread_id"], row["id"]) for row in rows]


async def delete(connection: Connection, thread_id: UUID, run_id: UUID) -> None:
    """The row alone: what the run wrote is the thread's. Raises NotFound, and Conflict while it is under way."""
    run = await find(connection, thread_id, run_id)
    if await sql.row(connection, _DELETE, {"id": run.id, "ended": list(ENDED)}) is None:
        raise Conflict(f"The run is {run.status}.", remedy="Cancel it first, or wait for its end.")


async def cancel(session: AsyncSession, thread_id: UUID, run_id: UUID, action: Action) -> None:
    """One that waits is taken from the line. One under way is cancelled with its thread: nothing unpublished goes out.

    Raises NotFound, RunEnded, and Invalid for a rollback of what has begun.
    """
    connection = connection_of(session)
    await sql.row(connection, LOCK, {"id": thread_id})
    run = await find(connection, thread_id, run_id)
    if run.ended:
        raise RunEnded(f"The run is {run.status}: there is nothing to cancel.")
    if run.begun_at is None:
        await sql.rows(connection, _DROP if action == "rollback" else _INTERRUPT, {"id": run_id})
        return
    if action == "rollback":
        detail = "What a run has begun is kept: drafts and their record are never taken back."
        remedy = 'Cancel it with "interrupt": nothing of it goes out any more.'
        raise Invalid(detail, remedy=remedy, errors=[FieldError("query.action", detail)])
    if not await workflows.cancel_thread(session, thread_id):
        raise RunEnded("What the run has begun is with the platform already.")


LOCK: Final = Statement.of("SELECT id FROM platform_states WHERE id = :id FOR UPDATE")
_ADD: Final = Statement.of(f"""
INSERT INTO runs AS r (id, workspace_id, user_id, thread_id, graph_id, kind, multitask_strategy, request, metadata,
    begun_at, not_before, first_checkpoint)
VALUES (:id, :workspace_id, :user_id, :thread_id, :graph_id, :kind, :multitask_strategy,
    CAST(:request AS jsonb), CAST(:metadata AS jsonb), CASE WHEN :begun THEN now() END,
    now() + make_interval(secs => :delay), :first_checkpoint)
RETURNING {COLUMNS}
""")
_ONE: Final = Statement.of(f"""
SELECT {COLUMNS} FROM runs r JOIN threads t ON t.id = r.thread_id AND t.deleted_at IS NULL
WHERE r.id = :id AND r.thread_id = :thread_id
""")
_PAGE: Final = Statement.of(f"""
SELECT {COLUMNS} FROM runs r JOIN threads t ON t.id = r.thread_id AND t.deleted_at IS NULL
WHERE r.thread_id = :thread_id AND (CAST(:status AS text) IS NULL OR r.status = :status)
ORDER BY r.created_at DESC, r.id DESC LIMIT :limit OFFSET :offset
""")
_THREAD: Final = Statement.of("SELECT id FROM threads WHERE id = :id AND deleted_at IS NULL")
_ACTIVE: Final = Statement.of("""
SELECT thread_id, id FROM runs WHERE status = ANY(CAST(:statuses AS text[])) ORDER BY created_at, id
""")
_DELETE: Final = Statement.of("""
DELETE FROM runs WHERE id = :id AND status = ANY(CAST(:ended AS text[])) RETURNING id
""")
_DROP: Final = Statement.of("DELETE FROM runs WHERE id = :id")
_INTERRUPT: Final = Statement.of("UPDATE runs SET status = 'interrupted' WHERE id = :id")


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()
