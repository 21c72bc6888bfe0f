"""Runs without a thread of the caller's: each gets one of its own, which stays and waits for a person."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body
from starlette.responses import Response
from uuid_utils.compat import uuid7

from api.deps import SettingsOf, Viewer, Work, WorkflowEditor
from api.langgraph import streams
from api.langgraph.answers import answer
from api.langgraph.run_bodies import RunCreate, RunsCancel
from api.langgraph.runs import Action, Follows, begin, shown
from api.route import router as new_router
from core.errors import FieldError, Invalid
from core.sql import connection_of
from services import runs

router = new_router("/runs", "langgraph", documented=False)


@router.post("")
async def create_stateless_run(
    body: RunCreate, principal: Viewer, work: Work, settings: SettingsOf
) -> Response:
    run = await begin(_fresh(body), uuid7(), principal, work, settings, may_create=True)
    return answer(shown(run), {"Content-Location": f"/threads/{run.thread_id}/runs/{run.id}"})


@router.post("/stream")
async def stream_stateless_run(body: RunCreate, principal: Viewer, following: Follows) -> Response:
    run = await following.begun(_fresh(body), uuid7(), principal, may_create=True)
    followed = following.of(run, principal, cancels=body.cancels)
    return streams.stream(followed, body.modes, resumable=bool(body.stream_resumable))


@router.post("/wait")
async def wait_for_stateless_run(body: RunCreate, principal: Viewer, following: Follows) -> Response:
    run = await following.begun(_fresh(body), uuid7(), principal, may_create=True)
    return streams.wait(following.of(run, principal, cancels=body.cancels))


@router.post("/batch")
async def create_stateless_runs(
    bodies: Annotated[list[RunCreate], Body(min_length=1, max_length=100)],
    principal: Viewer,
    work: Work,
    settings: SettingsOf,
) -> Response:
    """All of them, or none."""
    made = [await begin(_fresh(body), uuid7(), principal, work, settings, may_create=True) for body in bodies]
    return answer([shown(run) for run in made])


@router.post("/cancel")
async def cancel_runs(
    body: RunsCancel, principal: WorkflowEditor, work: Work, action: Action = "interrupt"
) -> Response:
    """Those that are named, or all of the workspace with a status. What is over meanwhile is left alone."""
    session = await work.begin()
    if body.status is not None:
        if body.thread_id or body.run_ids:
            detail = "With a status no thread and no runs are named."
            raise Invalid(detail, errors=[FieldError("/status", detail)])
        statuses = ["pending", "running"] if body.status == "all" else [body.status]
        chosen = await runs.active(await connection_of(session), statuses)
    elif body.thread_id and body.run_ids:
        chosen = [(body.thread_id, run_id) for run_id in body.run_ids]
    else:
        detail = "Name a status, or a thread and its runs."
        raise Invalid(detail, errors=[FieldError("/run_ids", detail)])
    for thread_id, run_id in chosen:
        try:
            await runs.cancel(session, thread_id, run_id, action)
        except runs.RunEnded:
            continue
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _fresh(body: RunCreate) -> RunCreate:
    if body.input is None:
        detail = "Without a thread there is nothing to resume: a run needs input."
        raise Invalid(detail, errors=[FieldError("/input", detail)])
    return body
