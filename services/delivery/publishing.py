"""What the worker does while a thread is at its `publish` pause.

The commit comes before the call, the call has no transaction open and a deadline inside the lease, and a job that is
found `publishing` is never sent again before the platform has been asked.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from core import metrics, sql
from core.sql import Statement
from graphs.records import content_of, draft_of
from graphs.run import Pause
from models import ConnectedAccount
from platforms.base import Receipt
from platforms.registry import PLATFORMS, PlatformName
from services.claims import Claim, ClaimLost
from services.commit import Advance
from services.delivery import account_opening, accounts, calls, rate_limits, sending
from services.delivery.orders import Order, attempt_row, job_row, moment, order_of, post_row
from services.delivery.sending import Answer, Attempt, error
from services.mail import newsletters
from services.progress import Progress
from services.runtime import Runtime

log = structlog.get_logger(__name__)

LATE_SECONDS: Final = 30
"""A job that is later than this was missed: the service was down, or too busy."""

_THREAD_STATUS: Final = {
    "queued": ("accepted", "idle"),
    "scheduled": ("scheduled", "idle"),
    "held": ("accepted", "idle"),
    "publishing": ("publishing", "busy"),
    "unknown": ("publishing", "idle"),
    "failed": ("failed", "error"),
    "cancelled": ("cancelled", "idle"),
    "published": ("publishing", "busy"),
}
"""How a thread reads while its job is in each status: (platform_states.status, threads.status)."""


async def advance(claim: Claim, runtime: Runtime, progress: Progress, pause: Pause) -> JsonValue:
    """The graph's receipt when the pause is over; None when it goes on, and the thread has been released."""
    draft = draft_of(pause.state, pause.state["active_draft_id"])
    order = order_of(claim, content_of(draft), draft["id"])
    if order is None:
        log.warning("publishing.not_approved", draft_id=draft["id"])
        reason = "Nobody has approved exactly this text for this account."
        return {"outcome": "refused", "reason": reason}
    match order.job["status"]:
        case "queued" | "scheduled":
            answer = await _publish_when_due(order, runtime, progress)
        case "publishing" if PLATFORMS[PlatformName(claim.platform)].mails:
            answer = await _go_on(order, runtime, progress)
        case "publishing":
            answer = await _look_up(order, runtime, progress)
        case "published":
            # A person said where it is.
            response = order.job["response_data"]
            receipt = Receipt(response["platform_post_id"], response["url"], response)
            answer = Answer("published", "confirmed", "reconcile", 0, {}, receipt=receipt)
            return _close(order, progress, answer, record=False)
        case "cancelled":
            return {"outcome": "cancelled"}
        case _:
            await _leave(order, runtime, progress)
            return None
    return None if answer is None else await _settle(order, runtime, progress, answer)


async def _leave(
    order: Order, runtime: Runtime, progress: Progress, *, due_in: float | None = None, **changes: Any
) -> None:
    """Release the thread with the job as it is, or as `changes` leave it; a scheduled one wakes it again."""
    job = {**order.job, **changes}
    status, thread_status = _THREAD_STATUS[job["status"]]
    due_at = moment(job["scheduled_for"]) if job["status"] == "scheduled" and due_in is None else None
    failure = job["error"]["detail"] if job["status"] == "failed" and job["error"] else None
    await progress.save(
        runtime.db,
        Advance(
            status=status,
            thread_status=thread_status,
            error=failure,
            due_at=due_at,
            due_in=due_in,
            jobs=[job] if changes or order.is_new else [],
        ),
    )


async def _publish_when_due(order: Order, runtime: Runtime, progress: Progress) -> Answer | None:
    """None when it is not to be sent now; then the thread has been released."""
    claim, job, settings = order.claim, order.job, runtime.settings
    if job["status"] == "scheduled" and order.due > claim.now:
        await _leave(order, runtime, progress)
        return None
    late = claim.now - order.due
    if late > timedelta(hours=settings.hold_after_hours):
        await _leave(
            order,
            runtime,
            progress,
            status="held",
            error=sending.too_late(order.due, settings.hold_after_hours),
        )
        return None
    async with runtime.db.autocommit() as connection:
        row, wait = await account_opening.reserve(
            connection,
            UUID(job["connected_account_id"]),
            PLATFORMS[PlatformName(claim.platform)].policy.quotas,
            gap_seconds=settings.catch_up_gap_seconds,
            missed=late.total_seconds() > LATE_SECONDS,
        )
    problem = account_opening.problem(row, settings)
    if row is None or problem is not None:
        await _leave(order, runtime, progress, status="held", error=problem or sending.NO_ACCOUNT)
        return None
    if wait is not None:
        # As it is: touching the job would make it look as if it had become due only now.
        await _leave(order, runtime, progress, due_in=wait)
        return None
    return await _send(order, runtime, progress, row)


async def _send(order: Order, runtime: Runtime, progress: Progress, row: ConnectedAccount) -> Answer | None:
    """None when nothing can be sent, or there is more to be sent; then the thread has been released."""
    claim, job, platform = order.claim, order.job, PLATFORMS[PlatformName(order.claim.platform)]
    recipients = await newsletters.outgoing(runtime, claim, row, job["id"]) if platform.mails else None
    if isinstance(recipients, Mapping):
        await _leave(order, runtime, progress, status="held", error=recipients)
        return None
    account = account_opening.opened(row, runtime.settings, runtime.keyring)
    sent = {
        **job,
        "status": "publishing",
        "attempts": job["attempts"] + (job["status"] != "publishing"),
        "error": None,
        "simulated": row.simulated,
    }
    seconds = runtime.settings.publish_deadline_seconds
    if recipients is not None:
        seconds += newsletters.LAST_ANSWER_SECONDS
    deadline = time.monotonic() + seconds
    await _commit_before_call(runtime, progress, {**sent, "deadline_in": seconds})
    unanswered, unreachable = await calls.tries_before(runtime, claim, job)
    attempt = Attempt(deadline - time.monotonic(), unanswered, unreachable)
    if attempt.deadline_seconds <= 0:
        raise ClaimLost
    publication = calls.publication(order, runtime, moment(job["first_attempt_at"]) or claim.now, recipients)
    job.update(sent)
    answer = await sending.publish(runtime.http, platform, account, publication, attempt)
    judged = await recipients.judge(answer) if recipients else answer
    if isinstance(judged, Answer):
        return judged
    await _leave(order, runtime, progress, status="publishing", deadline_in=0, due_in=judged)
    return None


async def _commit_before_call(runtime: Runtime, progress: Progress, job: dict[str, Any]) -> None:
    await progress.save(
        runtime.db,
        Advance(
            status="publishing",
            thread_status="busy",
            hold=True,
            lease_seconds=runtime.settings.lease_seconds,
            jobs=[job],
        ),
    )


async def _go_on(order: Order, runtime: Runtime, progress: Progress) -> Answer | None:
    """What goes to many, in the middle of it. Each recipient has a row: nobody needs to be asked what was sent, and a call
    that is still under way in a worker that lost its claim is given no more of them."""
    async with runtime.db.autocommit() as connection:
        row = await account_opening.read(connection, UUID(order.job["connected_account_id"]))
    problem = account_opening.problem(row, runtime.settings)
    if row is None or problem is not None:
        await _leave(order, runtime, progress, status="held", error=problem or sending.NO_ACCOUNT)
        return None
    return await _send(order, runtime, progress, row)


async def _look_up(order: Order, runtime: Runtime, progress: Progress) -> Answer | None:
    """A worker died, or heard no answer: once lease and deadline have passed, the platform is asked."""
    claim, job = order.claim, order.job
    settled_for = (claim.now - cast("datetime", moment(job["deadline"]))).total_seconds()
    if settled_for < 0:
        await _leave(order, runtime, progress, due_in=-settled_for)
        return None
    async with runtime.db.autocommit() as connection:
        row = await account_opening.read(connection, UUID(job["connected_account_id"]))
    unusable = account_opening.unusable(row, runtime.settings)
    if row is None or unusable is not None:
        detail = f"The platform cannot be asked. {unusable['detail'] if unusable else ''}".rstrip()
        remedy = "Look at the platform, then say with reconcile whether it is there."
        problem = error("OutcomeUnknown", detail, remedy)
        await _leave(order, runtime, progress, status="unknown", error=problem)
        return None
    account = account_opening.opened(row, runtime.settings, runtime.keyring)
    unanswered, unreachable = await calls.tries_before(runtime, claim, job)
    attempt = Attempt(runtime.settings.publish_deadline_seconds, unanswered, unreachable, settled_for)
    publication = calls.publication(order, runtime, cast("datetime", moment(job["first_attempt_at"])))
    platform = PLATFORMS[PlatformName(claim.platform)]
    return await sending.look_up(runtime.http, platform, account, publication, attempt)


async def _settle(order: Order, runtime: Runtime, progress: Progress, answer: Answer) -> JsonValue:
    """Write what became of the call; when the pause is over, with the commit that ends it."""
    receipt = answer.receipt
    if receipt is not None and receipt.by_words and await _is_anothers(order, runtime, receipt):
        answer = sending.of_another(answer, receipt)
    metrics.record_publishing(order.claim.platform, answer.outcome)
    log.info(
        "publishing.answer",
        job_id=order.job["id"],
        kind=answer.kind,
        outcome=answer.outcome,
        status=answer.status,
    )
    if answer.receipt is not None or answer.refusal is not None:
        return _close(order, progress, answer)
    job = job_row(order, answer)
    status, thread_status = _THREAD_STATUS[answer.status]

    async def on_account(session: AsyncSession) -> None:
        account_id = UUID(job["connected_account_id"])
        if answer.account_expired:
            detail = str(answer.evidence.get("detail", ""))
            await accounts.mark_expired(session, account_id, detail, order.claim.now)
        if answer.blocked_for is not None:
            await rate_limits.block(session, order.claim.workspace_id, account_id, answer.blocked_for)

    await progress.save(
        runtime.db,
        Advance(
            status=status,
            thread_status=thread_status,
            error=answer.error["detail"] if answer.status == "failed" and answer.error else None,
            due_in=answer.due_in,
            jobs=[job],
            job_attempts=[attempt_row(order, answer)],
        ),
        on_account,
    )
    return None


_ANOTHERS = Statement.of("""
SELECT 1 FROM posts
WHERE workspace_id = :workspace_id AND platform = :platform AND platform_post_id = :platform_post_id
    AND publishing_job_id <> :job_id
""")


async def _is_anothers(order: Order, runtime: Runtime, receipt: Receipt) -> bool:
    found = {
        "workspace_id": order.claim.workspace_id,
        "platform": order.claim.platform,
        "platform_post_id": receipt.platform_post_id,
        "job_id": order.job["id"],
    }
    async with runtime.db.autocommit() as connection:
        return await sql.row(connection, _ANOTHERS, found) is not None


def _close(order: Order, progress: Progress, answer: Answer, *, record: bool = True) -> JsonValue:
    """The pause is over: job, attempt and post go with the commit of what the graph does next."""
    progress.jobs.append(job_row(order, answer))
    if record:
        progress.job_attempts.append(attempt_row(order, answer))
    if answer.receipt is not None:
        progress.posts.append(post_row(order, answer.receipt))
        receipt = answer.receipt
        return {"outcome": "published", "platform_post_id": receipt.platform_post_id, "url": receipt.url}
    return {"outcome": "refused", "reason": answer.refusal}
