"""One call of an adapter, to publish or to look up, and what its outcome means for the job."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID, uuid5

import httpx

from core import faults
from platforms.base import (
    Absent,
    Account,
    CannotTell,
    LookUp,
    OutcomeUnknown,
    Platform,
    PlatformError,
    Publication,
    RateLimited,
    Reauthorize,
    Receipt,
    Refused,
    Unreachable,
)

UNREACHABLE_BACKOFF_SECONDS = (2, 10, 30, 120, 600, 1800)
"""Between tries of a platform that cannot be reached; after the last one the job fails."""
ATTEMPT_LIMIT = 6
"""Calls that were not answered, and after which nothing was there: then the job fails instead of being sent for ever."""
SETTLE_SECONDS = 5.0
"""A platform may still be carrying out a request that we gave up on: before this long after its deadline, a look-up
that finds nothing proves nothing."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """`settled_for`: seconds since the last call's deadline, negative before it; by the database's clock."""

    deadline_seconds: float
    unanswered_before: int = 0
    """Calls to publish of this job that brought no answer."""
    unreachable_before: int = 0
    """Tries in a row that did not reach the platform."""
    settled_for: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call: how the job reads now, the attempt for the record, and when to look again."""

    status: str
    outcome: str
    kind: str
    seconds: float
    evidence: Mapping[str, Any]
    receipt: Receipt | None = None
    refusal: str | None = None
    error: Mapping[str, str] | None = None
    due_in: float | None = None
    account_expired: bool = False
    blocked_for: float | None = None


def job_id(review_id: UUID, account_id: UUID | None) -> UUID:
    """One job per approval and account, whoever asks for it and however often."""
    return uuid5(review_id, str(account_id))


def error(code: str, detail: str, remedy: str) -> dict[str, str]:
    return {"code": code, "detail": detail, "remedy": remedy}


NO_ACCOUNT = error(
    "NoAccount",
    "There is no connected account for this platform.",
    "Connect one, then retry the job with its account_id.",
)


def too_late(scheduled_for: datetime, hours: int) -> dict[str, str]:
    return error(
        "TooLate",
        f"It was due at {scheduled_for.isoformat()}, more than {hours} hours ago, and has not gone out.",
        "Publish it now with retry, move it with reschedule, or cancel it.",
    )


async def publish(
    http: httpx.AsyncClient, platform: Platform, account: Account, publication: Publication, attempt: Attempt
) -> Answer:
    """Call the adapter once, within the attempt's deadline. Never raises for what a platform does."""
    started = time.monotonic()
    failure: PlatformError
    try:
        async with asyncio.timeout(attempt.deadline_seconds):
            faults.reach("before_call")
            receipt = await platform.publisher.publish(http, account, publication)
            faults.reach("after_call")
    except TimeoutError:
        failure = _overdue(platform, attempt)
    except PlatformError as raised:
        failure = raised
    else:
        return _published(receipt, "publish", time.monotonic() - started)
    return _not_published(failure, attempt, time.monotonic() - started)


async def look_up(
    http: httpx.AsyncClient, platform: Platform, account: Account, publication: Publication, attempt: Attempt
) -> Answer:
    """Ask the platform whether it went out. Only a clear no, late enough, lets it be sent again."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(attempt.deadline_seconds):
            faults.reach("before_call")
            found: LookUp = await platform.publisher.find(http, account, publication)
            faults.reach("after_call")
    except (TimeoutError, Unreachable, OutcomeUnknown) as raised:
        detail = getattr(raised, "detail", "No answer came before the deadline.")
        return _ask_again(detail, attempt, time.monotonic() - started)
    except RateLimited as raised:
        return _ask_again(raised.detail, attempt, time.monotonic() - started, raised.retry_after)
    except (Reauthorize, Refused) as raised:
        return _unknown(raised.detail, time.monotonic() - started, expired=isinstance(raised, Reauthorize))
    seconds = time.monotonic() - started
    match found:
        case Receipt():
            return _published(found, "find", seconds)
        case CannotTell():
            return _unknown(found.reason, seconds)
        case Absent():
            evidence = {**found.evidence, "seconds_since_deadline": round(attempt.settled_for, 3)}
            if attempt.settled_for < SETTLE_SECONDS:
                wait = SETTLE_SECONDS - attempt.settled_for
                return Answer(
                    "publishing", "absent", "find", seconds, {**evidence, "proves": False}, due_in=wait
                )
            if attempt.unanswered_before >= ATTEMPT_LIMIT:
                detail = f"{attempt.unanswered_before} calls brought no answer, and it is not there."
                problem = error("Unanswered", detail, "Retry the job when the platform answers in time.")
                return Answer("failed", "absent", "find", seconds, evidence, error=problem)
            return Answer("queued", "absent", "find", seconds, evidence, due_in=0)
        case _:
            assert_never(found)


def of_another(answer: Answer, receipt: Receipt) -> Answer:
    """The post that was found by its words is another job's: this one's are not out a second time."""
    return refused(answer, f"The same words are out already, by another approval: {receipt.url}")


def refused(answer: Answer, detail: str) -> Answer:
    """The call was answered, and all the same nothing is out."""
    problem = error("Refused", detail, "Edit the draft in its new review, or reject it.")
    return Answer(
        "failed", "refused", answer.kind, answer.seconds, answer.evidence, error=problem, refusal=detail
    )


def _overdue(platform: Platform, attempt: Attempt) -> PlatformError:
    """What is not known of mails their recipients' rows say; the call itself can be made again."""
    if platform.mails:
        return Unreachable(
            f"The mail server did not come to an end within {attempt.deadline_seconds:.0f} seconds."
        )
    return OutcomeUnknown("No answer came before the deadline.")


def _published(receipt: Receipt, kind: str, seconds: float) -> Answer:
    evidence = {"platform_post_id": receipt.platform_post_id, "url": receipt.url}
    return Answer("published", "confirmed", kind, seconds, evidence, receipt=receipt)


def _not_published(failure: PlatformError, attempt: Attempt, seconds: float) -> Answer:
    evidence = {"code": failure.code, "detail": failure.detail}
    match failure:
        case RateLimited():
            blocked = max(failure.retry_after, 1.0)
            return Answer(
                "queued", "absent", "publish", seconds, evidence, due_in=blocked, blocked_for=blocked
            )
        case Reauthorize():
            problem = error(failure.code, failure.detail, "Connect the account again, then retry the job.")
            return Answer("held", "absent", "publish", seconds, evidence, error=problem, account_expired=True)
        case Refused():
            problem = error(failure.code, failure.detail, "Edit the draft in its new review.")
            return Answer(
                "failed", "refused", "publish", seconds, evidence, error=problem, refusal=failure.detail
            )
        case Unreachable():
            tries = attempt.unreachable_before
            if tries < len(UNREACHABLE_BACKOFF_SECONDS):
                wait = UNREACHABLE_BACKOFF_SECONDS[tries]
                return Answer("queued", "unreachable", "publish", seconds, evidence, due_in=wait)
            problem = error(failure.code, failure.detail, "Retry the job when the platform answers again.")
            return Answer("failed", "unreachable", "publish", seconds, evidence, error=problem)
        case _:
            # Not known, so not sent again before the platform has been asked.
            return Answer("publishing", "unknown", "publish", seconds, evidence, due_in=SETTLE_SECONDS)


def _ask_again(detail: str, attempt: Attempt, seconds: float, wait: float | None = None) -> Answer:
    tries = attempt.unreachable_before
    if tries >= len(UNREACHABLE_BACKOFF_SECONDS):
        return _unknown(detail, seconds)
    due_in = max(wait or 0.0, UNREACHABLE_BACKOFF_SECONDS[tries])
    return Answer("publishing", "unreachable", "find", seconds, {"detail": detail}, due_in=due_in)


def _unknown(reason: str, seconds: float, *, expired: bool = False) -> Answer:
    remedy = "Look at the platform, then say with reconcile whether it is there."
    problem = error("OutcomeUnknown", reason, remedy)
    return Answer(
        "unknown", "unknown", "find", seconds, {"reason": reason}, error=problem, account_expired=expired
    )
