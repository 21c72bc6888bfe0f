"""Advancing a thread: what its checkpoint and its ledger say is to be done next, done, and committed.

The one place that runs LangGraph. docs/concepts.md has the table of what is found and what is done about it.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, aclosing
from typing import Any, Final, assert_never, cast

import structlog
from opentelemetry import trace
from pydantic import JsonValue
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from core import metrics
from core.content import seen_hash
from core.errors import BudgetExceeded, ProofroomError
from core.outages import is_outage, sqlstate
from core.text import storable
from graphs import run
from graphs.context import ServiceContext
from graphs.interrupts import Decision
from graphs.loop import Graph, build
from graphs.names import assistant_id
from graphs.records import content_of, draft_of
from graphs.state import Input, Options, SourceInput
from platforms.registry import PLATFORMS
from services import condensations
from services.checkpoints import BufferedSaver, load
from services.claims import LOST_LEASE_LIMIT, Claim, ClaimLost
from services.commit import Advance
from services.delivery import publishing
from services.metering import DatabaseMeter
from services.progress import Progress
from services.runtime import Runtime
from services.style import style_rules

log = structlog.get_logger(__name__)

ERROR_LIMIT: Final = 3
"""Errors in a row that make a thread `failed`."""
ERROR_BACKOFF_SECONDS: Final = (1.0, 5.0)
SLOW_STEP_SECONDS: Final = 0.25
"""A step that took longer is committed at once, so that paid work is not lost and people see it;"""
AT_ONCE_SECONDS: Final = 0.05
"""but when the pause follows within this, the step goes with the pause."""

GRAPHS: Final[dict[str, Graph]] = {name: build(name) for name in PLATFORMS}


class TooManyLostLeases(ProofroomError):
    """A thread that seems to kill whoever works on it."""


_TRACER: Final = trace.get_tracer("proofroom")


async def advance(claim: Claim, runtime: Runtime) -> None:
    """Take the thread to its next pause, or its end, and release it. Raises only outages of the database, with
    which nothing is wrong with the thread: it is taken up again from its last commit."""
    started = time.monotonic()
    progress = Progress(claim, BufferedSaver(load(claim.checkpoint)))
    try:
        if claim.lost_leases >= LOST_LEASE_LIMIT:
            raise TooManyLostLeases(f"Its worker died or froze {claim.lost_leases} times in a row.")
        with _span(claim):
            await _advance(claim, runtime, progress)
        outcome = "done"
    except ClaimLost:
        log.warning("thread.claim_lost")
        outcome = "claim_lost"
    except Exception as error:
        if is_outage(error):
            metrics.record_advance(claim.platform, "database_error", time.monotonic() - started)
            raise
        _log_error(claim, error)
        outcome = "error"
        await _record_error(claim, runtime, progress, error)
    metrics.record_advance(claim.platform, outcome, time.monotonic() - started)


async def _advance(claim: Claim, runtime: Runtime, progress: Progress) -> None:
    found = await run.look(GRAPHS[claim.platform], progress.saver, str(claim.thread_id))
    while True:
        do: run.Start | run.Resume | run.Continue
        match found:
            case run.Fresh():
                do = run.Start(_input(claim))
            case run.Unfinished():
                progress.reach(found.state)
                do = run.Continue()
            case run.Pause() if found.kind == "review":
                progress.reach(found.state)
                decision = _decision(claim, found.interrupt_id)
                if decision is None:
                    return await _ask(claim, runtime, progress, found)
                do = run.Resume(found.interrupt_id, decision)
            case run.Pause():
                progress.reach(found.state)
                receipt = await publishing.advance(claim, runtime, progress, found)
                if receipt is None:
                    return None
                do = run.Resume(found.interrupt_id, receipt)
            case run.End():
                progress.reach(found.state)
                return await progress.save(runtime.db, Advance(status=found.outcome, thread_status="idle"))
            case _:
                assert_never(found)
        reached = await _run(claim, runtime, progress, do)
        if reached is None:
            return None
        found = reached


async def _run(
    claim: Claim, runtime: Runtime, progress: Progress, do: run.Start | run.Resume | run.Continue
) -> run.Pause | run.End | None:
    """To the next pause or the end; None when the worker drains: then the thread has been given back."""
    meter = DatabaseMeter(
        runtime.db,
        claim.workspace_id,
        claim.workflow_id,
        claim.thread_id,
        claim.budgeted,
        lambda service, text: runtime.on_delta(claim, service, len(progress.state.get("drafts") or ()), text),
    )
    writer = condensations.shared(runtime.writer, runtime.db, claim)
    context = ServiceContext(writer=writer, critic=runtime.critic, meter=meter)
    reached_next = asyncio.Event()
    saving: asyncio.Task[None] | None = None
    started = time.monotonic()
    steps = run.advance(
        GRAPHS[claim.platform], progress.saver, str(claim.thread_id), do, context, _names(claim)
    )
    try:
        async with aclosing(steps):
            async for reached in steps:
                reached_next.set()
                if saving is not None:
                    await saving
                    saving = None
                if not isinstance(reached, run.Step):
                    return reached
                progress.add(reached, meter)
                status = "evaluating" if reached.node == "generate" and reached.drafts else "generating"
                if runtime.draining:
                    await progress.save(runtime.db, Advance(status=status, thread_status="busy", due_in=0))
                    return None
                if time.monotonic() - started > SLOW_STEP_SECONDS:
                    reached_next = asyncio.Event()
                    saving = asyncio.create_task(_save_slow_step(runtime, progress, status, reached_next))
                started = time.monotonic()
    finally:
        if saving is not None:
            # A commit under way is paid work; one that has not begun leaves its rows to whoever commits next.
            reached_next.set()
            await asyncio.gather(saving, return_exceptions=True)
    raise AssertionError("a run ends with a pause or with the end")


async def _save_slow_step(
    runtime: Runtime, progress: Progress, status: str, reached_next: asyncio.Event
) -> None:
    try:
        await asyncio.wait_for(reached_next.wait(), AT_ONCE_SECONDS)
    except TimeoutError:
        lease = runtime.settings.lease_seconds
        await progress.save(
            runtime.db, Advance(status=status, thread_status="busy", hold=True, lease_seconds=lease)
        )


def _span(claim: Claim) -> AbstractContextManager[trace.Span]:
    """Without what was raised, which may quote a draft."""
    ids = {"workflow_id": str(claim.workflow_id), "thread_id": str(claim.thread_id)}
    return _TRACER.start_as_current_span(
        "thread.advance",
        attributes={**ids, "platform": claim.platform},
        record_exception=False,
        set_status_on_exception=False,
    )


def _names(claim: Claim) -> Mapping[str, str]:
    """What LangGraph's clients find its checkpoints by."""
    names = {"graph_id": claim.platform, "assistant_id": assistant_id(claim.platform)}
    return names | ({"run_id": str(claim.run_id)} if claim.run_id else {})


def _decision(claim: Claim, interrupt_id: str) -> JsonValue:
    """The ledger's answer to this very interrupt, None while there is none."""
    review = claim.review
    if review is None or review["interrupt_id"] != interrupt_id or review["status"] != "decided":
        return None
    decision = Decision(
        decision=review["decision"],
        approve=review["approve"] is not False,
        feedback=review["comment"],
        review_id=review["id"],
        schedule_for=review["schedule_for"],
        account_id=review["connected_account_id"],
        **(review["edited"] or {}),
    )
    return cast("JsonValue", decision.model_dump(mode="json"))


async def _ask(claim: Claim, runtime: Runtime, progress: Progress, pause: run.Pause) -> None:
    """Write the review that this interrupt waits for, once."""
    draft = draft_of(pause.state, pause.state["active_draft_id"])
    account_id, schedule_for = claim.default_account_id, claim.schedule_for
    refusal = pause.state.get("refusal")
    review = {
        "id": uuid7(),
        "draft_id": draft["id"],
        "interrupt_id": pause.interrupt_id,
        "seen_hash": seen_hash(content_of(draft), account_id, schedule_for),
        "connected_account_id": account_id,
        "schedule_for": schedule_for,
        "refusal": {"detail": refusal} if refusal else None,
    }
    await progress.save(
        runtime.db, Advance(status="awaiting_review", thread_status="interrupted", reviews=[review])
    )


async def _record_error(claim: Claim, runtime: Runtime, progress: Progress, error: Exception) -> None:
    """Keep what was done so far, if the database takes it; try again, or say why it failed."""
    attempts = claim.attempts + 1
    final = attempts >= ERROR_LIMIT or isinstance(error, BudgetExceeded | TooManyLostLeases)
    reason = _reason(error)
    failed = Advance(status="failed", thread_status="error", error=reason, attempts=attempts)
    again = Advance(
        status=claim.status,
        thread_status="busy",
        error=reason,
        attempts=attempts,
        due_in=ERROR_BACKOFF_SECONDS[min(attempts, len(ERROR_BACKOFF_SECONDS)) - 1],
    )
    if isinstance(error, DBAPIError):
        # What was not taken is gone, and what came after it has nothing to stand on.
        progress = Progress(claim, BufferedSaver())
    try:
        await progress.save(runtime.db, failed if final else again)
    except ClaimLost:
        log.warning("thread.claim_lost")
    except DBAPIError as refused:
        if isinstance(error, DBAPIError):
            raise
        _log_error(claim, refused)
        await _record_error(claim, runtime, progress, refused)


def _log_error(claim: Claim, error: Exception) -> None:
    """The database's errors quote the statement and the row, which holds the draft: those are told by their code."""
    if isinstance(error, DBAPIError):
        log.error("thread.error", attempts=claim.attempts + 1, reason=_reason(error))
    else:
        log.exception("thread.error", attempts=claim.attempts + 1)


def _reason(error: Exception) -> str:
    match error:
        case ProofroomError():
            reason = f"{error.code}: {error.detail}" + (f" {error.remedy}" if error.remedy else "")
        case DBAPIError():
            refusal = f"{type(error.orig).__name__} {sqlstate(error) or ''}".rstrip()
            reason = f"The database does not take what the thread produced ({refusal})."
        case _:
            reason = f"{type(error).__name__}: {error}"[:500]
    return storable(reason)


def _input(claim: Claim) -> Input:
    wanted = {name: value for name, value in claim.options.items() if name in Options.__annotations__}
    if rules := style_rules.told_to(claim.platform, claim.options):
        wanted["rules"] = rules
    source: dict[str, Any] = {name: claim.source.get(name) for name in SourceInput.__annotations__}
    return {"source": cast("SourceInput", source), "options": cast("Options", wanted)}
