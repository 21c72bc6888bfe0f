"""Start, cancel and retry: what callers do to a workflow and its threads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core import sql
from core.errors import Conflict, NotFound
from core.principal import Principal
from core.sql import Statement, connection_of
from models import (
    PlatformState,
    PlatformStatus,
    PublishingJob,
    Workflow,
    WorkflowStatus,
)
from platforms.registry import PlatformName
from services import briefs
from services.briefs import StartWorkflow
from services.delivery import jobs
from services.style import style_rules


@dataclass(frozen=True, slots=True)
class Started:
    id: UUID
    threads: Mapping[PlatformName, UUID]
    """In the order in which the platforms were asked for."""

    status: ClassVar = WorkflowStatus.RUNNING
    thread_status: ClassVar = PlatformStatus.GENERATING


@dataclass(frozen=True, slots=True)
class Begun:
    """A thread that is there already, locked by the caller and never begun, and the run that begins it."""

    thread_id: UUID
    run_id: UUID
    delay: float
    """Seconds until it is due."""


_OPTIONS: Final = f"""
    coalesce((SELECT jsonb_build_object('tone_of_voice', tone_of_voice) FROM profiles
        WHERE user_id = :user_id AND tone_of_voice <> ''), '{{}}') || CAST(:manual_options AS jsonb)
        || coalesce(({style_rules.AT_START}), '{{}}')
"""
"""The profile's tone below what was wished for, and the rules of style."""
_NEW_THREADS: Final = """
    INSERT INTO threads (id, workspace_id, graph_id, status)
    SELECT x.id, :workspace_id, x.platform, 'busy'
    FROM jsonb_to_recordset(CAST(:threads AS jsonb)) AS x(id uuid, platform text)
"""
_THREAD_THAT_IS: Final = """
    UPDATE threads t SET graph_id = x.platform, status = 'busy'
    FROM jsonb_to_recordset(CAST(:threads AS jsonb)) AS x(id uuid, platform text) WHERE t.id = x.id
"""
_START: Final = """
WITH workflow AS (
    INSERT INTO workflows (id, workspace_id, user_id, project_id, campaign_id, template_id, source_post_id, status, mode,
        source_content, template_input, manual_options, schedule_for, external_id, metadata)
    VALUES (:id, :workspace_id, :user_id, :project_id, :campaign_id, :template_id, CAST(:source_post_id AS uuid),
        '{status}', :mode,
        CAST(:source_content AS jsonb), CAST(:template_input AS jsonb), {options},
        :schedule_for, :external_id, CAST(:metadata AS jsonb))
), thread AS ({threads})
INSERT INTO platform_states (id, workspace_id, workflow_id, platform, status, run_id, due_at)
SELECT x.id, :workspace_id, :id, x.platform, '{thread_status}', :run_id, now() + make_interval(secs => :delay)
FROM jsonb_to_recordset(CAST(:threads AS jsonb)) AS x(id uuid, platform text)
"""
_FIXED: Final = {
    "status": Started.status,
    "thread_status": Started.thread_status,
    "options": _OPTIONS,
}
_START_NEW: Final = Statement.of(_START.format(threads=_NEW_THREADS, **_FIXED))
_STANDING: Final = Statement.of(f"SELECT {_OPTIONS} AS options")
_START_ON: Final = Statement.of(_START.format(threads=_THREAD_THAT_IS, **_FIXED))


async def start(
    session: AsyncSession, principal: Principal, brief: StartWorkflow, begun: Begun | None = None
) -> Started:
    """Write the workflow with a due thread per platform, in the caller's transaction. Raises Invalid by field.

    `begun`: for a brief of one platform.
    """
    source, wanted = await briefs.prepare(session, principal, brief)
    started = Started(
        uuid7(), {platform: begun.thread_id if begun else uuid7() for platform in brief.platforms}
    )
    threads = [{"id": thread_id, "platform": name} for name, thread_id in started.threads.items()]
    await sql.rows(
        connection_of(session),
        _START_ON if begun else _START_NEW,
        {
            "run_id": begun and begun.run_id,
            "delay": begun.delay if begun else 0,
            "id": started.id,
            "workspace_id": principal.workspace_id,
            "user_id": principal.user_id,
            "project_id": await briefs.project_of(session, brief),
            "campaign_id": brief.campaign_id,
            "template_id": brief.template_id,
            "source_post_id": source.id if source.type == "post" else None,
            "mode": brief.mode,
            "source_content": source.model_dump_json(),
            "template_input": _json(dict(brief.template_input)) if brief.template_input else None,
            "manual_options": _json(wanted),
            "schedule_for": brief.schedule_for,
            "external_id": brief.external_id,
            "metadata": _json(dict(brief.metadata)),
            "threads": _json(threads),
        },
    )
    return started


async def with_standing(
    session: AsyncSession, principal: Principal, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of `briefs.prepare` as `start` would keep them now."""
    given = {"workspace_id": principal.workspace_id, "user_id": principal.user_id}
    found = await sql.row(connection_of(session), _STANDING, {**given, "manual_options": _json(dict(wanted))})
    assert found is not None
    options: dict[str, Any] = found["options"]
    return options


async def cancel(session: AsyncSession, workflow_id: UUID) -> None:
    """Nothing unpublished goes out any more. What is being published at this moment cannot be called back.

    Raises NotFound, or Conflict when there is nothing left to cancel.
    """
    await session.execute(_LOCK, {"workflow_id": workflow_id})
    cancelled = (await session.execute(_CANCEL, {"workflow_id": workflow_id})).scalars().all()
    if cancelled:
        return await _void(session, cancelled)
    workflow = await session.get(Workflow, workflow_id)
    if workflow is None:
        raise NotFound("There is no such workflow.")
    raise Conflict(
        f"The workflow is {workflow.status}: there is nothing left to cancel.",
        remedy="A post that is out can be taken back with POST /v1/posts/{id}/unpublish.",
    )


async def cancel_thread(session: AsyncSession, thread_id: UUID) -> bool:
    """The same of one platform alone; whether there was anything to cancel."""
    await session.execute(_LOCK_ONE, {"thread_id": thread_id})
    cancelled = (await session.execute(_CANCEL_ONE, {"thread_id": thread_id})).scalars().all()
    await _void(session, cancelled)
    return bool(cancelled)


async def _void(session: AsyncSession, threads: Sequence[UUID]) -> None:
    if threads:
        await session.execute(_CANCEL_REVIEWS, {"threads": threads})
        await session.execute(_CANCEL_JOBS, {"threads": threads})
        await session.execute(_REST, {"threads": threads})


async def retry(session: AsyncSession, thread_id: UUID) -> PlatformState:
    """Run a failed thread again from its last checkpoint, or send its failed job again.

    Raises NotFound, or Conflict when it has not failed.
    """
    state = await session.get(PlatformState, thread_id, with_for_update=True)
    if state is None:
        raise NotFound("There is no such thread.")
    if state.status != "failed":
        raise Conflict(f"The thread is {state.status}; only a failed one can be run again.")
    failed_job = select(PublishingJob.id).where(
        PublishingJob.thread_id == thread_id,
        PublishingJob.status == "failed",
        PublishingJob.error["code"].astext.is_distinct_from("Refused"),  # that one is over: a reviewer has it
    )
    if job_id := await session.scalar(failed_job.order_by(PublishingJob.created_at.desc()).limit(1)):
        await jobs.retry(session, job_id)
        await session.refresh(state)
        return state
    state.status = PlatformStatus.GENERATING
    state.error = None
    state.attempts = state.lost_leases = 0
    state.due_at = func.now()
    await session.flush()
    await session.refresh(state)
    return state


# First and by itself: what a worker commits while we wait for its lock is seen by the next statement, not by this one.
_LOCK = text("SELECT FROM platform_states WHERE workflow_id = :workflow_id ORDER BY id FOR UPDATE")
_LOCK_ONE = text("SELECT FROM platform_states WHERE id = :thread_id FOR UPDATE")
# A thread whose job is with the platform, or may be, is left to find out; every other claim on it is void.
_CANCEL_WHERE: Final = f"""
UPDATE platform_states p
SET status = 'cancelled', due_at = NULL, lease_until = NULL, held_by = NULL, epoch = p.epoch + 1
WHERE {{which}} AND p.status NOT IN ('published', 'rejected', 'cancelled')
    AND NOT EXISTS (SELECT FROM publishing_jobs j WHERE j.thread_id = p.id AND {jobs.AT_PLATFORM})
RETURNING p.id
"""
_CANCEL = text(_CANCEL_WHERE.format(which="p.workflow_id = :workflow_id"))
_CANCEL_ONE = text(_CANCEL_WHERE.format(which="p.id = :thread_id"))
_CANCEL_REVIEWS = text("""
UPDATE reviews SET status = 'superseded' WHERE status = 'pending' AND thread_id = ANY(CAST(:threads AS uuid[]))
""")
_CANCEL_JOBS = text("""
UPDATE publishing_jobs SET status = 'cancelled'
WHERE thread_id = ANY(CAST(:threads AS uuid[])) AND status IN ('queued', 'scheduled', 'held', 'failed')
""")
_REST = text("UPDATE threads SET status = 'idle' WHERE id = ANY(CAST(:threads AS uuid[]))")


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
