from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import Depends, Header, Query, Request
from pydantic import TypeAdapter
from pydantic import ValidationError as Unfit
from starlette.responses import Response

from agents.base import Source
from api.auth import authenticate
from api.deps import Db, SettingsOf, Viewer, Work, WorkflowEditor
from api.langgraph import streams
from api.langgraph.answers import answer
from api.langgraph.run_bodies import RunCreate, StreamMode
from api.langgraph.streams import Followed
from api.listener import Listener
from api.route import router as new_router
from api.sources import read_source
from api.transaction import Replay, UnitOfWork
from core.db import Database
from core.errors import FieldError, Invalid
from core.principal import Principal, Role, Scope
from core.settings import Settings
from core.sql import connection_of
from models import MultitaskStrategy, RunStatus
from platforms.registry import PlatformName
from services import webhooks
from services.protocol import assistants, run_starts, run_views, runs
from services.protocol.run_parts import Cursor
from services.protocol.run_starts import Continue, Resume, Start, Wanted
from services.protocol.runs import Run
from services.protocol.thread_changes import Change

router = new_router("/threads/{thread_id}/runs", "langgraph", documented=False)

Action = Annotated[Literal["interrupt", "rollback"], Query()]
Field = Literal[
    "run_id", "thread_id", "assistant_id", "created_at", "updated_at", "status", "metadata", "kwargs",
    "multitask_strategy",
]  # fmt: skip
_MODES: Final = TypeAdapter(list[StreamMode])


@dataclass(frozen=True, slots=True)
class Following:
    """What it takes to follow a run after the request's own transaction is over."""

    request: Request
    db: Database
    listener: Listener
    settings: Settings

    async def stream(
        self, body: RunCreate, thread_id: UUID, principal: Principal, *, may_create: bool = False
    ) -> Response:
        """A new run's pieces."""
        run, _ = await self._begun(body, thread_id, principal, may_create=may_create)
        followed = self.of(run, principal, cancels=body.cancels)
        return streams.stream(followed, body.modes, resumable=bool(body.stream_resumable))

    async def wait(
        self, body: RunCreate, thread_id: UUID, principal: Principal, *, may_create: bool = False
    ) -> Response:
        """For a new run's outcome."""
        run, is_new = await self._begun(body, thread_id, principal, may_create=may_create)
        work: UnitOfWork = self.request.state.work
        followed = self.of(run, principal, cancels=body.cancels)
        return await streams.wait(followed, work.commit if is_new else None)

    def of(self, run: Run, principal: Principal, *, cancels: bool = False) -> Followed:
        assert run.workflow_id is not None, "a run has begun its thread, or is behind one that has"
        return Followed(
            self.db,
            self.listener,
            principal,
            partial(authenticate, self.request, self.db),
            run.thread_id,
            run.id,
            run.workflow_id,
            self.settings.poll_seconds,
            cancels,
        )

    async def _begun(
        self, body: RunCreate, thread_id: UUID, principal: Principal, *, may_create: bool
    ) -> tuple[Run, bool]:
        """By this call, or by the same one before, when it is not new: whoever repeats it follows the same run."""
        work: UnitOfWork = self.request.state.work
        try:
            await work.look_back()
            run = await begin(body, thread_id, principal, work, self.settings, may_create=may_create)
        except Replay as replay:
            found = orjson.loads(replay.answer.body)
            return await find(self.db, principal, UUID(found["thread_id"]), UUID(found["run_id"])), False
        await work.keep(answer(shown(run)))
        return run, True


async def _following(request: Request) -> Following:
    """A coroutine: FastAPI would make the class itself in a thread."""
    state = request.app.state
    return Following(request, state.db, state.listener, state.settings)


Follows = Annotated[Following, Depends(_following)]


@router.post("")
async def create_run(
    thread_id: UUID, body: RunCreate, principal: Viewer, work: Work, settings: SettingsOf
) -> Response:
    run = await begin(body, thread_id, principal, work, settings)
    return answer(shown(run), {"Content-Location": f"/threads/{thread_id}/runs/{run.id}"})


@router.post("/stream")
async def stream_new_run(thread_id: UUID, body: RunCreate, principal: Viewer, following: Follows) -> Response:
    return await following.stream(body, thread_id, principal)


@router.post("/wait")
async def wait_for_new_run(
    thread_id: UUID, body: RunCreate, principal: Viewer, following: Follows
) -> Response:
    return await following.wait(body, thread_id, principal)


@router.get("")
async def list_runs(
    thread_id: UUID,
    principal: Viewer,
    db: Db,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    status: RunStatus | None = None,
    select: Annotated[list[Field] | None, Query()] = None,
) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await runs.browse(connection, thread_id, status=status, limit=limit, offset=offset)
    return answer([shown(run, select) for run in found])


@router.get("/{run_id}")
async def read_run(thread_id: UUID, run_id: UUID, principal: Viewer, db: Db) -> Response:
    return answer(shown(await find(db, principal, thread_id, run_id)))


@router.delete("/{run_id}")
async def delete_run(thread_id: UUID, run_id: UUID, _: WorkflowEditor, work: Work) -> Response:
    """The run's own row; what it wrote is the thread's."""
    await runs.delete(connection_of(await work.begin()), thread_id, run_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/{run_id}/cancel")
async def cancel_run(
    thread_id: UUID,
    run_id: UUID,
    principal: WorkflowEditor,
    work: Work,
    following: Follows,
    wait: bool = False,
    action: Action = "interrupt",
) -> Response:
    """Its thread is cancelled with it: nothing unpublished goes out. One that waits for its turn only loses that."""
    session = await work.begin()
    run = await runs.find(connection_of(session), thread_id, run_id)
    await runs.cancel(session, thread_id, run_id, action)
    cancelled = Response(status_code=HTTPStatus.ACCEPTED)
    if not wait or (action == "rollback" and run.begun_at is None):
        return cancelled
    await work.keep(cancelled)
    return await streams.wait(following.of(run, principal))


@router.get("/{run_id}/join")
async def join_run(
    thread_id: UUID,
    run_id: UUID,
    principal: Viewer,
    following: Follows,
    cancel_on_disconnect: bool = False,
) -> Response:
    run = await find(following.db, principal, thread_id, run_id)
    _may_cancel(principal, cancel_on_disconnect)
    return await streams.wait(following.of(run, principal, cancels=cancel_on_disconnect))


@router.get("/{run_id}/stream")
async def join_stream(
    thread_id: UUID,
    run_id: UUID,
    principal: Viewer,
    following: Follows,
    cancel_on_disconnect: bool = False,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> Response:
    """From the beginning, or after Last-Event-ID; in the modes that are asked for, or in the run's own."""
    run = await find(following.db, principal, thread_id, run_id)
    _may_cancel(principal, cancel_on_disconnect)
    modes = _modes(following.request) or run.request["stream_mode"]
    return streams.stream(
        following.of(run, principal, cancels=cancel_on_disconnect),
        modes,
        after=_cursor(last_event_id),
        resumable=bool(run.request.get("stream_resumable")) or last_event_id is not None,
    )


async def begin(
    body: RunCreate,
    thread_id: UUID,
    principal: Principal,
    work: UnitOfWork,
    settings: Settings,
    *,
    may_create: bool = False,
) -> Run:
    run = await wanted(body, thread_id, principal, settings, may_create=may_create)
    return await run_starts.create(await work.begin(), principal, run)


async def wanted(
    body: RunCreate, thread_id: UUID, principal: Principal, settings: Settings, *, may_create: bool
) -> Wanted:
    """Whoever sends input starts something, whoever resumes decides. Addresses are looked up before there is any row."""
    platform = PlatformName(str(assistants.find(body.assistant_id)["graph_id"]))
    if body.answer is not None:
        principal.require(Role.REVIEWER, Scope.REVIEWS_DECIDE)
    else:
        principal.require(Role.EDITOR, Scope.WORKFLOWS_WRITE)
    _may_cancel(principal, body.cancels)
    if body.webhook is not None:
        await webhooks.check_url(settings, body.webhook, "/webhook")
    do: Start | Resume | Continue | Change
    if body.input is not None:
        brief, title = body.brief(platform)
        source = await read_source(brief.source, settings)
        if isinstance(source, Source) and title:
            source = source.model_copy(update={"title": source.title or title})
        do = Start(brief.brief(source))
    elif body.answer is not None:
        do = Resume(body.answer)
    else:
        do = body.change or Continue()
    return Wanted(
        thread_id=thread_id,
        platform=platform,
        do=do,
        request=body.kept(),
        metadata=body.metadata or {},
        multitask_strategy=body.multitask_strategy or MultitaskStrategy.ENQUEUE,
        after_seconds=body.after_seconds or 0,
        may_create=body.input is not None and (may_create or body.if_not_exists == "create"),
        checkpoint_id=body.at,
    )


def shown(run: Run, select: Sequence[str] | None = None) -> Mapping[str, Any]:
    whole = run_views.shown(run)
    return {name: whole[name] for name in select} if select else whole


async def find(db: Database, principal: Principal, thread_id: UUID, run_id: UUID) -> Run:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return await runs.find(connection, thread_id, run_id)


def _may_cancel(principal: Principal, cancels: bool) -> None:
    if cancels:
        principal.require(Role.EDITOR, Scope.WORKFLOWS_WRITE)


def _modes(request: Request) -> list[StreamMode]:
    """The SDK repeats the parameter, others send a JSON list in it."""
    given: list[Any] = []
    for each in request.query_params.getlist("stream_mode"):
        try:
            given += orjson.loads(each) if each.startswith("[") else [each]
        except orjson.JSONDecodeError:
            given.append(each)
    try:
        return _MODES.validate_python([each for each in given if each])
    except Unfit:
        detail = "There is no such stream mode here."
        raise Invalid(detail, errors=[FieldError("query.stream_mode", detail)]) from None


def _cursor(last_event_id: str | None) -> Cursor | None:
    if not last_event_id:
        return None
    try:
        return Cursor.parse(last_event_id)
    except ValueError:
        detail = "This is not an event's id."
        raise Invalid(
            detail,
            remedy="Send the `id` of the last event that you got, -1, or leave it out.",
            errors=[FieldError("header.Last-Event-ID", detail)],
        ) from None
