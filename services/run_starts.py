"""Putting runs into effect: a run with input begins a workflow, a resume decides a review, and nothing else moves a thread.

The thread's row is locked first, so that of two that come together the second finds what the first has done.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never
from uuid import UUID

import orjson
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.errors import Conflict, FieldError, Invalid, NotFound
from core.principal import Principal
from core.sql import Connection, Row, Statement, connection_of
from graphs.interrupts import Decision, edited, parse_decision
from graphs.records import content_of
from models import MultitaskStrategy, PlatformStatus, RunKind
from platforms.registry import PlatformName
from services import queue, reviews, runs, workflows
from services.reviews import DraftChanged
from services.runs import New, Run
from services.workflows import StartWorkflow

TURN_TASK: Final = "take_turn"
_INTERRUPT_ID: Final = re.compile(r"[0-9a-f]{32}")


class ThreadBusy(Conflict):
    title = "The thread is at work"


class ThreadHasBrief(Conflict):
    title = "The thread has its brief already"


class NothingToResume(Conflict):
    title = "Nothing waits for a decision"


class UnknownInterrupt(Invalid):
    title = "The thread has never asked this"


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
    """With neither input nor command: a thread that failed goes on where it stood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    thread_id: UUID
    platform: PlatformName
    do: Start | Resume | Continue
    request: Mapping[str, Any]
    """As it is shown again."""
    metadata: Mapping[str, Any]
    multitask_strategy: MultitaskStrategy = MultitaskStrategy.ENQUEUE
    after_seconds: float = 0
    may_create: bool = False
    """Whether a thread that is not there is made."""
    checkpoint_id: str | None = None
    """Only the thread's latest one: others are forked with update_state."""


@dataclass(frozen=True, slots=True)
class _Thread:
    graph_id: str | None
    status: str | None
    """`platform_states`' word; None for one that has never begun."""
    run_id: UUID | None
    head: str | None

    @property
    def busy(self) -> bool:
        return self.run_id is not None or self.status in {
            PlatformStatus.GENERATING,
            PlatformStatus.EVALUATING,
        }

    @property
    def publishes(self) -> bool:
        return self.status in {PlatformStatus.ACCEPTED, PlatformStatus.SCHEDULED, PlatformStatus.PUBLISHING}


async def create(session: AsyncSession, principal: Principal, wanted: Wanted) -> Run:
    """The run, in effect or waiting. Raises NotFound, Invalid, and Conflict (ThreadBusy, ThreadHasBrief,
    NothingToResume, and what `reviews.decide` raises)."""
    connection = await connection_of(session)
    thread = await _lock(connection, principal.workspace_id, wanted)
    if thread.graph_id not in {None, wanted.platform.value} and thread.status is not None:
        detail = f"The thread is {thread.graph_id}'s."
        raise Invalid(detail, errors=[FieldError("/assistant_id", detail)])
    if wanted.checkpoint_id not in {None, thread.head}:
        detail = "A run goes on from the thread's latest checkpoint."
        remedy = "Fork with update_state at that checkpoint, which makes it the latest; then decide."
        raise Invalid(detail, remedy=remedy, errors=[FieldError("/checkpoint_id", detail)])
    match wanted.do:
        case Start(brief):
            return await _start(session, principal, wanted, thread, brief)
        case Resume(answer):
            return await _resume(session, principal, wanted, thread, answer)
        case Continue():
            return await _continue(session, principal, wanted, thread)
        case unknown:
            assert_never(unknown)


async def take_turn(session: AsyncSession, principal: Principal, run: Run) -> None:
    """What a run asked for that has waited until now. Raises as `create` does."""
    connection = await connection_of(session)
    thread = _Thread(**await _read(connection, run.thread_id))
    match RunKind(run.kind):
        case RunKind.START:
            raise _has_its_brief(thread)
        case RunKind.RESUME:
            kept = run.request["decision"]
            decision = Decision.model_validate(kept["decision"])
            await _begin(connection, run.thread_id, run.id)
            await sql.rows(connection, _BEGUN, {"id": run.id, "head": thread.head})
            await reviews.decide(session, principal, UUID(kept["review_id"]), decision, kept["seen_hash"])
        case RunKind.RETRY:
            raise _nothing_to_continue(thread)
        case unknown:
            assert_never(unknown)


async def _start(
    session: AsyncSession, principal: Principal, wanted: Wanted, thread: _Thread, brief: StartWorkflow
) -> Run:
    connection = await connection_of(session)
    if thread.status is not None:
        if thread.busy:
            return await _wait_in_line(connection, principal, wanted, thread, RunKind.START)
        raise _has_its_brief(thread)
    run = await _add(connection, principal, wanted, thread, RunKind.START)
    await workflows.start(session, principal, brief, wanted.thread_id)
    await sql.rows(
        connection,
        _FIRST,
        {"id": wanted.thread_id, "run_id": run.id, "delay": wanted.after_seconds},
    )
    return run


async def _wait_in_line(
    connection: Connection, principal: Principal, wanted: Wanted, thread: _Thread, kind: RunKind
) -> Run:
    match wanted.multitask_strategy:
        case MultitaskStrategy.REJECT:
            raise ThreadBusy(
                "The thread is at work.", remedy="Wait for it, or let the run wait with enqueue."
            )
        case MultitaskStrategy.INTERRUPT | MultitaskStrategy.ROLLBACK as strategy:
            detail = f"{strategy} would replace the brief of a thread; a thread has one."
            remedy = "Cancel the run under way, and begin on a new thread."
            raise Invalid(detail, remedy=remedy, errors=[FieldError("/multitask_strategy", detail)])
        case MultitaskStrategy.ENQUEUE:
            run = await _add(connection, principal, wanted, thread, kind, begun=False)
            if thread.run_id is None:  # begun over /v1: this one learns when it rests
                await sql.rows(connection, _OWE, {"id": wanted.thread_id, "run_id": run.id})
            return run
        case unknown:
            assert_never(unknown)


async def _resume(
    session: AsyncSession, principal: Principal, wanted: Wanted, thread: _Thread, answer: JsonValue
) -> Run:
    connection = await connection_of(session)
    interrupt_id, said = _named(answer)
    found = await sql.row(connection, _REVIEW, {"thread_id": wanted.thread_id, "interrupt_id": interrupt_id})
    if found is None:
        raise _unasked(thread, interrupt_id)
    decision = parse_decision(said)
    seen_hash = _seen_hash(found, decision, named=interrupt_id is not None)
    if wanted.after_seconds > 0 and found["status"] == "pending":
        kept = {
            "decision": decision.model_dump(mode="json"),
            "review_id": str(found["id"]),
            "seen_hash": seen_hash,
        }
        later = replace(wanted, request={**wanted.request, "decision": kept})
        run = await _add(connection, principal, later, thread, RunKind.RESUME, begun=False)
        await queue.defer(
            session,
            TURN_TASK,
            after_seconds=wanted.after_seconds,
            workspace_id=principal.workspace_id,
            thread_id=wanted.thread_id,
        )
        return run
    run = await _add(connection, principal, wanted, thread, RunKind.RESUME)
    await _begin(connection, wanted.thread_id, run.id)
    await reviews.decide(session, principal, found["id"], decision, seen_hash)
    return run


async def _continue(session: AsyncSession, principal: Principal, wanted: Wanted, thread: _Thread) -> Run:
    if thread.status != PlatformStatus.FAILED:
        raise _nothing_to_continue(thread)
    connection = await connection_of(session)
    run = await _add(connection, principal, wanted, thread, RunKind.RETRY)
    await _begin(connection, wanted.thread_id, run.id)
    await workflows.retry(session, wanted.thread_id)
    return run


async def _lock(connection: Connection, workspace_id: UUID, wanted: Wanted) -> _Thread:
    """The thread, and nobody else moves it until the transaction is over."""
    parameters = {"id": wanted.thread_id}
    if await sql.row(connection, runs.LOCK, parameters) is None:
        # Not begun: there is no row to lock, so the id itself is held by those who would begin it.
        await sql.rows(connection, _HOLD, parameters)
        await sql.row(connection, runs.LOCK, parameters)
    try:
        return _Thread(**await _read(connection, wanted.thread_id))
    except NotFound:
        if not wanted.may_create:
            raise
    metadata = orjson.dumps(dict(wanted.metadata), default=str).decode()
    made = await sql.row(
        connection, _MAKE, {**parameters, "workspace_id": workspace_id, "metadata": metadata}
    )
    if made is None:
        raise Conflict("This thread's id is taken.", remedy="Choose another, or let the service choose one.")
    return _Thread(None, None, None, None)


async def _read(connection: Connection, thread_id: UUID) -> Row:
    found = await sql.row(connection, _THREAD, {"id": thread_id})
    if found is None:
        raise NotFound("There is no such thread.")
    return found


async def _add(
    connection: Connection,
    principal: Principal,
    wanted: Wanted,
    thread: _Thread,
    kind: RunKind,
    *,
    begun: bool = True,
) -> Run:
    new = New(
        thread_id=wanted.thread_id,
        graph_id=wanted.platform.value,
        kind=kind,
        multitask_strategy=wanted.multitask_strategy,
        request=dict(wanted.request),
        metadata=dict(wanted.metadata),
        begun=begun,
        delay=wanted.after_seconds,
        first_checkpoint=thread.head,
    )
    return await runs.add(connection, principal.workspace_id, principal.user_id, new)


async def _begin(connection: Connection, thread_id: UUID, run_id: UUID) -> None:
    await sql.rows(connection, _TAKE, {"id": thread_id, "run_id": run_id})


def _named(answer: JsonValue) -> tuple[str | None, JsonValue]:
    """The interrupt that it answers, if it names one. Raises Invalid for several: a thread asks one thing at a time."""
    if not isinstance(answer, dict) or not answer or not all(map(_INTERRUPT_ID.fullmatch, answer)):
        return None, answer
    if len(answer) > 1:
        detail = "A thread asks one thing at a time."
        raise Invalid(detail, errors=[FieldError("/command/resume", detail)])
    return next(iter(answer.items()))


def _seen_hash(found: Row, decision: Decision, *, named: bool) -> str | None:
    """What the reviewer saw: the interrupt that the answer names, or the text that an approval carries. None: it names
    nothing, so it is for what waits now. Raises DraftChanged."""
    draft = content_of(found)
    if decision.decision == "accept" and edited(draft, decision) != draft:
        raise DraftChanged(
            "The text that was accepted is not the one that waits for a decision.",
            remedy="Read the thread's state again, and decide on what it shows; or send your text as an edit.",
        )
    carries = decision.decision == "accept" and decision.content is not None
    seen_hash: str | None = found["seen_hash"] if named or carries else None
    return seen_hash


def _unasked(thread: _Thread, interrupt_id: str | None) -> Conflict | Invalid:
    if thread.publishes:
        return NothingToResume("The publication is the worker's: nobody else can say that it is out.")
    if interrupt_id is not None:
        detail = f"The thread has never asked {interrupt_id}."
        return UnknownInterrupt(
            detail,
            remedy="Take the id from the thread's interrupts.",
            errors=[FieldError("/command/resume", detail)],
        )
    state = f"is {thread.status}" if thread.status else "has not begun"
    return NothingToResume(f"The thread {state}: nothing waits for a decision.")


def _has_its_brief(thread: _Thread) -> ThreadHasBrief:
    if thread.status == PlatformStatus.AWAITING_REVIEW:
        detail = "The thread waits for a decision; new input would put another draft in its place."
        return ThreadHasBrief(detail, remedy="Send command.resume; for another brief, begin a new thread.")
    return ThreadHasBrief(f"The thread is {thread.status}.", remedy="For another brief, begin a new thread.")


def _nothing_to_continue(thread: _Thread) -> Conflict:
    if thread.status is None:
        detail = "The thread has not begun."
        remedy = 'Send input: {"source": {"type": "text", "text": …}}.'
    else:
        detail = f"The thread is {thread.status}: there is nothing to go on with."
        remedy = "Send command.resume to decide, or begin a new thread with input."
    return Conflict(detail, remedy=remedy)


_HOLD: Final = Statement.of(
    "SELECT pg_advisory_xact_lock(hashtextextended(CAST(CAST(:id AS uuid) AS text), 0))"
)
_MAKE: Final = Statement.of("""
INSERT INTO threads (id, workspace_id, metadata) VALUES (:id, :workspace_id, CAST(:metadata AS jsonb))
ON CONFLICT (id) DO NOTHING RETURNING id
""")
_THREAD: Final = Statement.of("""
SELECT t.graph_id, p.status, p.run_id, (
    SELECT k.checkpoint_id FROM checkpoints k WHERE k.thread_id = t.id::text AND k.checkpoint_ns = ''
    ORDER BY k.checkpoint_id DESC LIMIT 1
) AS head
FROM threads t LEFT JOIN platform_states p ON p.id = t.id WHERE t.id = :id AND t.deleted_at IS NULL
""")
_FIRST: Final = Statement.of("""
UPDATE platform_states SET run_id = :run_id, due_at = due_at + make_interval(secs => :delay) WHERE id = :id
""")
_OWE: Final = Statement.of("UPDATE platform_states SET run_id = :run_id WHERE id = :id")
_TAKE: Final = Statement.of("""
WITH taken AS (UPDATE platform_states SET run_id = :run_id WHERE id = :id RETURNING id)
UPDATE threads t SET status = 'busy' FROM taken WHERE t.id = taken.id
""")
_BEGUN: Final = Statement.of("UPDATE runs SET begun_at = now(), first_checkpoint = :head WHERE id = :id")
_REVIEW: Final = Statement.of("""
SELECT r.id, r.status, r.seen_hash, d.content, d.metadata, d.media
FROM reviews r JOIN drafts d ON d.id = r.draft_id
WHERE r.thread_id = :thread_id AND CASE
    WHEN CAST(:interrupt_id AS text) IS NULL THEN r.status = 'pending' ELSE r.interrupt_id = :interrupt_id END
ORDER BY r.created_at DESC LIMIT 1
""")
