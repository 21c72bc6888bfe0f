"""Putting runs into effect: input begins a workflow, a resume decides a review, a change leads to a new one.

The thread's row is locked first, so that of two that come together the second finds what the first has done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.errors import Conflict, FieldError, Invalid, NotFound
from core.principal import Principal
from core.sql import Connection, Statement, connection_of
from models import MultitaskStrategy, PlatformStatus, RunKind
from platforms.registry import PlatformName
from services import queue, workflows
from services.briefs import StartWorkflow
from services.protocol import run_answers, run_interrupts, run_threads, runs, thread_changes
from services.protocol.run_answers import Decide
from services.protocol.run_threads import Thread, ThreadBusy
from services.protocol.runs import New, Run
from services.protocol.thread_changes import Change
from services.reviewing import reviews
from services.workflows import Begun

TURN_TASK: Final = "take_turn"


class ThreadHasBrief(Conflict):
    title = "The thread has its brief already"


@dataclass(frozen=True, slots=True)
class Start:
    """With input."""

    brief: StartWorkflow


@dataclass(frozen=True, slots=True)
class Resume:
    answer: JsonValue
    """What `command.resume` says: an answer, or {interrupt id: answer}."""


@dataclass(frozen=True, slots=True)
class Continue:
    """With neither input nor command: a thread that failed, or whose state was changed, goes on where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    thread_id: UUID
    platform: PlatformName
    do: Start | Resume | Continue | Change
    request: Mapping[str, Any] = field(default_factory=dict)
    """As it is shown again."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    multitask_strategy: MultitaskStrategy = MultitaskStrategy.ENQUEUE
    after_seconds: float = 0
    may_create: bool = False
    """Whether a thread that is not there is made."""
    checkpoint_id: UUID | None = None
    """Where it goes on, if not from the thread's latest checkpoint."""


async def create(session: AsyncSession, principal: Principal, wanted: Wanted) -> Run:
    """The run, in effect or waiting. Raises NotFound, Invalid, and Conflict (ThreadBusy, ThreadHasBrief, and what
    `run_answers.read`, `reviews.decide` and `thread_changes.change` raise)."""
    connection = connection_of(session)
    thread = await _thread(connection, principal, wanted)
    if thread.status is not None and thread.graph_id != wanted.platform:
        detail = f"The thread is {thread.graph_id}'s."
        raise Invalid(detail, errors=[FieldError("/assistant_id", detail)])
    do = _from_checkpoint(wanted, thread)
    match do:
        case Resume(answer):
            decide = await run_answers.read(connection, wanted.thread_id, thread.status, answer)
            if wanted.after_seconds > 0:
                return await _wait(session, principal, wanted, thread, RunKind.RESUME, decide.kept())
            run = await _add(connection, principal, wanted, thread, RunKind.RESUME)
            await _decide(session, principal, run, decide)
        case Start(brief):
            if thread.status is not None:
                return await _behind(
                    session, principal, wanted, thread, RunKind.START, _has_its_brief(thread)
                )
            run = await _add(connection, principal, wanted, thread, RunKind.START)
            begun = Begun(wanted.thread_id, run.id, wanted.after_seconds)
            run = replace(run, workflow_id=(await workflows.start(session, principal, brief, begun)).id)
        case Continue() | Change() as go_on:
            run = await _go_on(session, principal, wanted, thread, go_on)
        case unknown:
            assert_never(unknown)
    return run


async def take_turn(session: AsyncSession, principal: Principal, run: Run) -> None:
    """What a run asked for that has waited until now; the thread is locked. Raises as `create` does."""
    connection = connection_of(session)
    thread = await run_threads.lock(connection, run.thread_id)
    await sql.rows(connection, _BEGUN, {"id": run.id, "head": thread.head})
    turn = run.request.get("turn") or {}
    match RunKind(run.kind):
        case RunKind.START:
            raise _has_its_brief(thread)
        case RunKind.RESUME:
            await _decide(session, principal, run, Decide.of(turn))
        case RunKind.CONTINUE:
            await _continue(session, run, thread)
        case RunKind.CHANGE:
            checkpoint_id = UUID(turn["checkpoint_id"]) if turn["checkpoint_id"] else None
            await _change(session, principal, run, Change(**{**turn, "checkpoint_id": checkpoint_id}))
        case unknown:
            assert_never(unknown)


async def _go_on(
    session: AsyncSession, principal: Principal, wanted: Wanted, thread: Thread, do: Continue | Change
) -> Run:
    if thread.status is None:  # nobody could follow a run that waits for what may never begin
        raise _nothing_to_continue(thread)
    connection = connection_of(session)
    thread = await _freed(connection, wanted, thread)
    kind, turn = (RunKind.CHANGE, _kept(do)) if isinstance(do, Change) else (RunKind.CONTINUE, None)
    if thread.busy or wanted.after_seconds > 0:
        return await _behind(session, principal, wanted, thread, kind, turn=turn)
    run = await _add(connection, principal, wanted, thread, kind)
    if isinstance(do, Change):
        await _change(session, principal, run, do)
    else:
        await _continue(session, run, thread)
    return run


async def _thread(connection: Connection, principal: Principal, wanted: Wanted) -> Thread:
    try:
        return await run_threads.lock(connection, wanted.thread_id)
    except NotFound:
        if not wanted.may_create:
            raise
    return await run_threads.make(connection, principal.workspace_id, wanted.thread_id, wanted.metadata)


async def _decide(session: AsyncSession, principal: Principal, run: Run, decide: Decide) -> None:
    await reviews.decide(
        session,
        principal,
        decide.review_id,
        decide.decision,
        decide.seen_hash,
        loaded=decide.review,
        run_id=run.id,
    )


async def _continue(session: AsyncSession, run: Run, thread: Thread) -> None:
    connection, parameters = connection_of(session), {"id": run.thread_id, "run_id": run.id}
    if thread.status == PlatformStatus.FAILED:
        await sql.rows(connection, _TAKE, parameters)
        await workflows.retry(session, run.thread_id)
    elif thread.due_later and thread.status in {PlatformStatus.GENERATING, PlatformStatus.EVALUATING}:
        await sql.rows(connection, _GO, parameters)
    else:
        raise _nothing_to_continue(thread)


async def _change(session: AsyncSession, principal: Principal, run: Run, change: Change) -> None:
    connection = connection_of(session)
    checkpoint_id = await thread_changes.change(session, principal, run.thread_id, change, in_turn=True)
    await sql.rows(connection, _BEGUN, {"id": run.id, "head": checkpoint_id})
    await sql.rows(connection, _GO, {"id": run.thread_id, "run_id": run.id})


async def _freed(connection: Connection, wanted: Wanted, thread: Thread) -> Thread:
    interrupts = wanted.multitask_strategy == MultitaskStrategy.INTERRUPT and wanted.after_seconds == 0
    return await run_interrupts.stop(connection, wanted.thread_id, thread) if interrupts else thread


async def _behind(
    session: AsyncSession,
    principal: Principal,
    wanted: Wanted,
    thread: Thread,
    kind: RunKind,
    otherwise: Conflict | None = None,
    turn: Mapping[str, Any] | None = None,
) -> Run:
    """The run under way, if the strategy lets it wait; `otherwise` is what is against one that need not."""
    if not thread.busy and otherwise is not None:
        raise otherwise
    strategy = wanted.multitask_strategy
    if thread.busy and strategy == MultitaskStrategy.REJECT:
        raise ThreadBusy("The thread is at work.", remedy="Wait for it, or let the run wait with enqueue.")
    if thread.busy and strategy != MultitaskStrategy.ENQUEUE:
        detail = f"{strategy} would undo what is under way, and drafts and their record are kept."
        remedy = "Let the run wait with enqueue; or cancel the one under way and begin on a new thread."
        raise Invalid(detail, remedy=remedy, errors=[FieldError("/multitask_strategy", detail)])
    return await _wait(session, principal, wanted, thread, kind, turn or {})


async def _wait(
    session: AsyncSession,
    principal: Principal,
    wanted: Wanted,
    thread: Thread,
    kind: RunKind,
    turn: Mapping[str, Any],
) -> Run:
    """Until the thread rests, and until its time has come."""
    connection = connection_of(session)
    run = await _add(connection, principal, wanted, thread, kind, turn=turn)
    if thread.busy and thread.run_id is None:  # at work for /v1: when it rests, this one is told
        await sql.rows(connection, _OWE, {"id": wanted.thread_id, "run_id": run.id})
    if wanted.after_seconds > 0:
        await queue.defer(
            session,
            TURN_TASK,
            after_seconds=wanted.after_seconds,
            workspace_id=principal.workspace_id,
            thread_id=wanted.thread_id,
        )
    return run


async def _add(
    connection: Connection,
    principal: Principal,
    wanted: Wanted,
    thread: Thread,
    kind: RunKind,
    *,
    turn: Mapping[str, Any] | None = None,
) -> Run:
    """`turn`: what it does when its turn comes; None for one that begins now."""
    new = New(
        thread_id=wanted.thread_id,
        graph_id=wanted.platform.value,
        kind=kind,
        multitask_strategy=wanted.multitask_strategy,
        request={**wanted.request, **({} if turn is None else {"turn": dict(turn)})},
        metadata=dict(wanted.metadata),
        begun=turn is None,
        delay=wanted.after_seconds,
        first_checkpoint=thread.head,
    )
    return await runs.add(connection, principal.workspace_id, principal.user_id, new)


def _from_checkpoint(wanted: Wanted, thread: Thread) -> Start | Resume | Continue | Change:
    """To go on from an earlier checkpoint is to make it the latest one again."""
    do, at = wanted.do, wanted.checkpoint_id
    if at is None or str(at) == thread.head:
        return do
    match do:
        case Continue():
            return Change(checkpoint_id=at)
        case Change():
            return Change(values=do.values, goto=do.goto, checkpoint_id=at)
        case Start() | Resume():
            detail = "Only the thread's latest checkpoint can be answered, and none takes new input."
            remedy = "Run from this checkpoint without input, which makes it the latest; then decide."
            raise Invalid(detail, remedy=remedy, errors=[FieldError("/checkpoint_id", detail)])
        case unknown:
            assert_never(unknown)


def _kept(change: Change) -> dict[str, Any]:
    at = str(change.checkpoint_id) if change.checkpoint_id else None
    return {"values": change.values, "goto": change.goto, "checkpoint_id": at}


def _has_its_brief(thread: Thread) -> ThreadHasBrief:
    if thread.status == PlatformStatus.AWAITING_REVIEW:
        detail = "The thread waits for a decision; new input would put another draft in its place."
        return ThreadHasBrief(detail, remedy="Send command.resume; for another brief, begin a new thread.")
    return ThreadHasBrief(f"The thread is {thread.status}.", remedy="For another brief, begin a new thread.")


def _nothing_to_continue(thread: Thread) -> Conflict:
    if thread.status is None:
        detail = "The thread has not begun."
        return Conflict(detail, remedy='Send input: {"source": {"type": "text", "text": …}}.')
    detail = f"The thread is {thread.status}: there is nothing to go on with."
    return Conflict(detail, remedy="Send command.resume to decide, or begin a new thread with input.")


_OWE: Final = Statement.of("UPDATE platform_states SET run_id = :run_id WHERE id = :id")
_GO: Final = Statement.of("UPDATE platform_states SET run_id = :run_id, due_at = now() WHERE id = :id")
_TAKE: Final = Statement.of("""
WITH taken AS (UPDATE platform_states SET run_id = :run_id WHERE id = :id RETURNING id)
UPDATE threads t SET status = 'busy' FROM taken WHERE t.id = taken.id
""")
_BEGUN: Final = Statement.of("UPDATE runs SET begun_at = now(), first_checkpoint = :head WHERE id = :id")
