"""Telling the address that a run names of the run's end, as LangGraph's server does. Done by the queue, which is given the
job by the trigger that sees the run end: at least once until the address has taken it."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson
import structlog

from core import sql
from core.http import guarded_client
from core.sql import Connection, Statement, connection_of
from models import RunStatus
from services.protocol import run_parts, run_views, runs
from services.protocol.runs import Run
from services.runtime import Runtime
from services.webhook_sending import SECONDS, deliver_once

log = structlog.get_logger(__name__)

TASK: Final = "tell_of_run"


class NotTaken(Exception):
    """Nobody answered with success. It says nothing of the address, which may have a secret in it."""


async def tell(runtime: Runtime, workspace_id: UUID, run_id: UUID) -> None:
    """Raises NotTaken. Does nothing where the address has taken it before, or the run is gone."""
    async with runtime.db.service(workspace_id) as session:
        connection = connection_of(session)
        row = await sql.row(connection, _UNTOLD, {"id": run_id})
        if row is None:
            return
        run = Run(**row)
        body = await _message(connection, run)
    async with guarded_client(runtime.settings, SECONDS) as http:
        answered = await deliver_once(http, run.request["webhook"], body)
    log.info("run.told", run_id=str(run_id), status=answered.status, ms=answered.duration_ms)
    if not answered.taken:
        raise NotTaken(f"The webhook of run {run_id} answered {answered.status or 'nothing'}.")
    async with runtime.db.service(workspace_id) as session:
        await sql.rows(connection_of(session), _TOLD, {"id": run_id})


async def _message(connection: Connection, run: Run) -> bytes:
    told = {
        **run_views.shown(run),
        "run_started_at": run.begun_at,
        "run_ended_at": run.updated_at,
        "webhook_sent_at": datetime.now(UTC),
        "values": await run_parts.values(connection, run),
    }
    if run.status == RunStatus.ERROR:
        told["error"] = run.failure
    return orjson.dumps(told)


_UNTOLD: Final = Statement.of(f"""
SELECT {runs.COLUMNS} FROM runs r JOIN threads t ON t.id = r.thread_id AND t.deleted_at IS NULL
WHERE r.id = :id AND r.webhook_told_at IS NULL
""")
_TOLD: Final = Statement.of("UPDATE runs SET webhook_told_at = now() WHERE id = :id")
