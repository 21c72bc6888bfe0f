"""What people do to a publishing job: cancel, move, retry, say what became of it."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.content import approved_hash
from core.errors import Conflict, FieldError, Invalid, NotFound
from models import ConnectedAccount, Draft, JobStatus, PlatformState, PlatformStatus, PublishingJob
from services import clock
from services.reviewing.draft_views import content_of

_MAILED: Final = "d.outcome IN ('sending', 'sent', 'returned', 'unknown')"
AT_PLATFORM: Final = f"""(j.status IN ('publishing', 'unknown', 'published')
    OR j.status IN ('queued', 'scheduled', 'held', 'failed') AND j.error ->> 'code' IS DISTINCT FROM 'Refused'
    AND (j.progress -> 'parts' IS NOT NULL
        OR EXISTS (SELECT FROM email_deliveries d WHERE d.publishing_job_id = j.id AND {_MAILED})))"""
"""A job `j` that is out, may be, or is in part: its thread is left to find out, or to finish."""
_READERS: Final = text(
    f"SELECT count(*) FROM email_deliveries d WHERE publishing_job_id = :job_id AND {_MAILED}"
)

# Receipts are not a request's to write: a function of the database does, and leaves an attempt of kind `reconcile`.
_RECONCILE = text("SELECT reconcile_job(:job_id, :outcome, :url)")


class JobStatusConflict(Conflict):
    title = "The job's status does not allow this"


async def cancel(session: AsyncSession, job_id: UUID) -> PublishingJob:
    """It will not go out. Raises NotFound, or JobStatusConflict once it, or a part of it, is with the platform."""
    job, state = await _lock(session, job_id)
    _require(job, "cancelled", {"queued", "scheduled", "held", "failed"})
    if parts := job.progress.get("parts"):
        raise JobStatusConflict(
            f"{len(parts)} parts of it are out already.",
            remedy="Retry it, and take the post back when it is whole.",
        )
    if readers := await session.scalar(_READERS, {"job_id": job_id}):
        raise JobStatusConflict(
            f"{readers} of its readers have it already, or may have.",
            remedy="Retry it for the others, or leave it as it is: then nobody else gets it.",
        )
    return await _cancel(session, job, state)


async def _cancel(session: AsyncSession, job: PublishingJob, state: PlatformState) -> PublishingJob:
    job.status = JobStatus.CANCELLED
    state.status = PlatformStatus.CANCELLED
    return await _wake(session, job, state, due=False)


async def reschedule(session: AsyncSession, job_id: UUID, scheduled_for: datetime) -> PublishingJob:
    """Move it; the approval is of the words and the account, so it stays."""
    job, state = await _lock(session, job_id)
    _require(job, "moved", {"queued", "scheduled", "held"})
    if job.connected_account_id is None:
        raise JobStatusConflict("The job waits for an account.", remedy="Retry it with an account_id.")
    await clock.check_ahead(session, scheduled_for, "/scheduled_for")
    job.status = JobStatus.SCHEDULED
    job.scheduled_for = scheduled_for
    job.error = None
    state.status = PlatformStatus.SCHEDULED
    state.due_at = scheduled_for
    return await _wake(session, job, state, due=False)


async def retry(session: AsyncSession, job_id: UUID, account_id: UUID | None = None) -> PublishingJob:
    """Send a held or failed job now. `account_id` gives one to a job that has none."""
    job, state = await _lock(session, job_id)
    _require(job, "retried", {"held", "failed"})
    await _bind_account(session, job, account_id)
    job.status = JobStatus.QUEUED
    job.scheduled_for = None
    job.error = None
    state.status = PlatformStatus.ACCEPTED
    state.error = None
    state.attempts = state.lost_leases = 0
    return await _wake(session, job, state)


async def reconcile(
    session: AsyncSession,
    job_id: UUID,
    outcome: Literal["published", "absent"] | None,
    url: str | None,
    *,
    send_again: bool = True,
) -> PublishingJob:
    """Ask the platform again, or take a person's word where it cannot tell. What is absent is sent again, or given up."""
    job, state = await _lock(session, job_id)
    _require(job, "reconciled", {"unknown"})
    if outcome is None:
        job.status = JobStatus.PUBLISHING
        job.error = None
        return await _wake(session, job, state)
    if outcome == "published" and not url:
        detail = "Say where it is."
        raise Invalid(detail, errors=[FieldError("/url", detail)])
    await session.execute(_RECONCILE, {"job_id": job.id, "outcome": outcome, "url": url})
    if outcome == "absent":
        state.status = PlatformStatus.ACCEPTED
        if not send_again:
            await session.refresh(job)
            return await _cancel(session, job, state)
    return await _wake(session, job, state)


async def _lock(session: AsyncSession, job_id: UUID) -> tuple[PublishingJob, PlatformState]:
    """The thread's row first, as everywhere."""
    thread_id = (
        await session.execute(select(PublishingJob.thread_id).where(PublishingJob.id == job_id))
    ).scalar()
    if thread_id is None:
        raise NotFound("There is no such publishing job.")
    state = await session.get_one(PlatformState, thread_id, with_for_update=True)
    job = await session.get_one(PublishingJob, job_id, with_for_update=True, populate_existing=True)
    return job, state


def _require(job: PublishingJob, done: str, statuses: set[str]) -> None:
    if job.status not in statuses:
        raise JobStatusConflict(
            f"The job is {job.status}; only one that is {' or '.join(sorted(statuses))} can be {done}.",
            extra={"job_status": job.status},
        )
    if (job.error or {}).get("code") == "Refused":
        raise JobStatusConflict(
            "The platform refused this text; its thread is back with a reviewer.",
            remedy="Decide its new review.",
        )


async def _wake(
    session: AsyncSession, job: PublishingJob, state: PlatformState, *, due: bool = True
) -> PublishingJob:
    """Void any claim that read the job as it was, and let a worker look at it again."""
    state.epoch += 1
    state.lease_until = None
    state.held_by = None
    if due or job.status == "cancelled":
        state.due_at = func.now()
    await session.flush()
    await session.refresh(job)
    return job


async def _bind_account(session: AsyncSession, job: PublishingJob, account_id: UUID | None) -> None:
    if job.connected_account_id is not None:
        if account_id not in (None, job.connected_account_id):
            raise JobStatusConflict(
                "This text was approved for another account.", remedy="Start a review of it for that account."
            )
        account_id = job.connected_account_id
    if account_id is None:
        detail = "The job has no account: name one."
        raise Invalid(detail, errors=[FieldError("/account_id", detail)])
    account = await session.get(ConnectedAccount, account_id)
    if account is None or account.platform != job.platform:
        detail = "There is no such account for this platform."
        raise Invalid(detail, errors=[FieldError("/account_id", detail)])
    if account.status != "active":
        raise JobStatusConflict(f"The account is {account.status}.", remedy="Connect it again, then retry.")
    if job.connected_account_id is None:
        draft = await session.get_one(Draft, job.draft_id)
        job.connected_account_id = account.id
        job.simulated = account.simulated
        job.approved_hash = approved_hash(content_of(draft), account.id)
