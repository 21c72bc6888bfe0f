"""Runs without a thread of the caller's: each gets one of its own, which stays and waits for a person."""

from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Body
from starlette.responses import Response
from uuid_utils.compat import uuid7

from api.deps import Db, SettingsOf, Viewer, Work, WorkflowEditor
from api.langgraph.answers import answer
from api.langgraph.run_bodies import RunCreate, RunsCancel
from api.langgraph.runs import Action, Follows, begin, shown, wanted
from api.route import router as new_router
from core.db import Database
from core.errors import FieldError, Invalid
from core.principal import Principal
from services.protocol import run_starts, runs

router = new_router("/runs", "langgraph", documented=False)


@router.post("")
async def create_stateless_run(
    body: RunCreate, principal: Viewer, work: Work, settings: SettingsOf
) -> Response:
    run = await begin(_fresh(body), uuid7(), principal, work, settings, may_create=True)
    return answer(shown(run), {"Content-Location": f"/threads/{run.thread_id}/runs/{run.id}"})


@router.post("/stream")
async def stream_stateless_run(body: RunCreate, principal: Viewer, following: Follows) -> Response:
    return await following.stream(_fresh(body), uuid7(), principal, may_create=True)


@router.post("/wait")
async def wait_for_stateless_run(body: RunCreate, principal: Viewer, following: Follows) -> Response:
    return await following.wait(_fresh(body), uuid7(), principal, may_create=True)


@router.post("/batch")
async def create_stateless_runs(
    bodies: Annotated[list[RunCreate], Body(min_length=1, max_length=100)],
    principal: Viewer,
    work: Work,
    settings: SettingsOf,
) -> Response:
    """All of them, or none."""
    orders = [await wanted(_fresh(body), uuid7(), principal, settings, may_create=True) for body in bodies]
    session = await work.begin()
    return answer([shown(await run_starts.create(session, principal, order)) for order in orders])


@router.post("/cancel")
async def cancel_runs(
    body: RunsCancel, principal: WorkflowEditor, work: Work, db: Db, action: Action = "interrupt"
) -> Response:
    """Those that are named, or all of the workspace with a status. What is over meanwhile is left alone.

    Each in a transaction of its own: locks on many threads at once could meet a worker's the other way round.
    """
    for number, (thread_id, run_id) in enumerate(await _chosen(body, principal, db)):
        async with work.part(number) as part:
            if part.said is None:
                with suppress(runs.RunEnded):
                    await runs.cancel(part.session, thread_id, run_id, action)
                await part.keep(b"cancelled")
    await work.begin()  # the answer is kept for the idempotency key
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _chosen(body: RunsCancel, principal: Principal, db: Database) -> Sequence[tuple[UUID, UUID]]:
    if body.status is None:
        if body.thread_id and body.run_ids:
            return [(body.thread_id, run_id) for run_id in body.run_ids]
        detail = "Name a status, or a thread and its runs."
        raise Invalid(detail, errors=[FieldError("/run_ids", detail)])
    if body.thread_id or body.run_ids:
        detail = "With a status no thread and no runs are named."
        raise Invalid(detail, errors=[FieldError("/status", detail)])
    statuses = ["pending", "running"] if body.status == "all" else [body.status]
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return await runs.active(connection, statuses)


def _fresh(body: RunCreate) -> RunCreate:
    if body.input is None:
        detail = "Without a thread there is nothing to resume: a run needs input."
        raise Invalid(detail, errors=[FieldError("/input", detail)])
    return body
