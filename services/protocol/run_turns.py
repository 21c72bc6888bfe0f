"""Runs that wait: each gets its turn when the thread rests and its time has come. Done by the queue, at least once."""

from typing import Any, Final
from uuid import UUID

import structlog

from core import sql
from core.db import Database
from core.errors import Forbidden, ProofroomError
from core.principal import Principal, Role
from core.sql import Statement, connection_of
from services.protocol import run_starts, runs
from services.protocol.runs import Run

log = structlog.get_logger(__name__)


async def take_turn(db: Database, workspace_id: UUID, thread_id: UUID) -> None:
    """Of all whose turn it is, in the order in which they came; one that has begun keeps the others waiting."""
    while (found := await _next(db, workspace_id, thread_id)) is not None:
        run = Run(**found["run"])
        try:
            async with db.tenant(workspace_id, run.user_id) as session:
                connection = connection_of(session)
                await sql.row(connection, runs.LOCK, {"id": thread_id})
                if await sql.row(connection, _STILL, {"id": run.id}) is None:
                    continue
                await run_starts.take_turn(session, _principal(run, found["role"]), run)
        except ProofroomError as error:
            log.info("run.refused", run_id=str(run.id), reason=error.code)
            async with db.service(workspace_id) as session:
                reason = f"{error.code}: {error.detail}"
                await sql.rows(connection_of(session), _REFUSE, {"id": run.id, "error": reason})


async def _next(db: Database, workspace_id: UUID, thread_id: UUID) -> dict[str, Any] | None:
    async with db.service(workspace_id) as session:
        row = await sql.row(connection_of(session), _NEXT, {"thread_id": thread_id})
    return row and {"role": row.pop("role"), "run": row}


def _principal(run: Run, role: str | None) -> Principal:
    """Who asked for it, with the role that they have now. Raises Forbidden."""
    if run.user_id is None or role is None:
        raise Forbidden("Whoever asked for this run is no member any more.")
    return Principal(run.user_id, "", run.workspace_id, Role(role))


_NEXT: Final = Statement.of(f"""
SELECT {runs.COLUMNS}, m.role FROM runs r
JOIN platform_states p ON p.id = r.thread_id AND p.run_id IS NULL
LEFT JOIN workspace_members m ON m.workspace_id = r.workspace_id AND m.user_id = r.user_id
WHERE r.thread_id = :thread_id AND r.begun_at IS NULL AND r.status = 'pending' AND r.not_before <= now()
ORDER BY r.created_at, r.id LIMIT 1
""")
_STILL: Final = Statement.of("""
SELECT r.id FROM runs r JOIN platform_states p ON p.id = r.thread_id AND p.run_id IS NULL
WHERE r.id = :id AND r.begun_at IS NULL AND r.status = 'pending' FOR UPDATE OF r
""")
_REFUSE: Final = Statement.of("""
WITH refused AS (
    UPDATE runs r SET status = 'error', error = :error, begun_at = now()
    FROM platform_states p WHERE p.id = r.thread_id AND r.id = :id AND r.begun_at IS NULL AND r.status = 'pending'
    RETURNING r.workspace_id, p.workflow_id
)
SELECT pg_notify('proofroom_events', workspace_id || ' ' || workflow_id || ' ' || pg_current_xact_id()) FROM refused
""")
