from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Response

from api import waiting
from api.deps import Db, JobEditor, JobReviewer, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.publishing import JobDetail, JobItem, JobOut, ReconcileIn, RescheduleIn, RetryIn
from models import JobStatus
from platforms.registry import PlatformName
from services.delivery import jobs, ledger

router = new_router("/v1/publishing-jobs", "publishing")

_ENDED: Final = frozenset({JobStatus.PUBLISHED, JobStatus.CANCELLED})


@router.get("")
async def list_publishing_jobs(
    principal: Viewer,
    db: Db,
    paging: Paging,
    status: Annotated[list[JobStatus], Query(description="Any of those that are named.")] = [],  # noqa: B006 # FastAPI copies it
    platform: PlatformName | None = None,
    workflow_id: UUID | None = None,
) -> Page[JobItem]:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await ledger.search(
            connection, paging, statuses=status, platform=platform, workflow_id=workflow_id
        )
    return Page[JobItem].of(found, JobItem.model_validate)


@router.get("/{job_id}", response_model=JobDetail, responses=waiting.RESPONSES)
async def get_publishing_job(
    job_id: UUID,
    principal: Viewer,
    db: Db,
    poll: waiting.Polling,
) -> Response:
    """What was approved by whom, every attempt to send it, and what spoke for its outcome."""

    async def look() -> JobDetail:
        async with db.reading(principal.workspace_id, principal.user_id) as connection:
            return JobDetail.of(await ledger.find(connection, job_id))

    return await poll.answer(
        look, (await look()).workflow_id if poll.wait else job_id, lambda found: found.status in _ENDED
    )


@router.post("/{job_id}/cancel")
async def cancel_publishing_job(job_id: UUID, _: JobReviewer, session: Session) -> JobOut:
    """It will not go out; possible until it is with the platform."""
    return JobOut.model_validate(await jobs.cancel(session, job_id))


@router.post("/{job_id}/reschedule")
async def reschedule_publishing_job(
    job_id: UUID, body: RescheduleIn, _: JobReviewer, session: Session
) -> JobOut:
    """The approval stays: it is of the words and the account."""
    return JobOut.model_validate(await jobs.reschedule(session, job_id, body.scheduled_for))


@router.post("/{job_id}/retry", status_code=202)
async def retry_publishing_job(
    job_id: UUID, _: JobEditor, session: Session, body: RetryIn | None = None
) -> JobOut:
    """Sends a held or failed job now."""
    account_id = body.account_id if body else None
    return JobOut.model_validate(await jobs.retry(session, job_id, account_id))


@router.post("/{job_id}/reconcile", status_code=202)
async def reconcile_publishing_job(
    job_id: UUID, _: JobEditor, session: Session, body: ReconcileIn | None = None
) -> JobOut:
    """For a job that is `unknown`: asks the platform again, or takes your word for what is there."""
    said = body or ReconcileIn()
    return JobOut.model_validate(
        await jobs.reconcile(session, job_id, said.outcome, said.url, send_again=said.send_again)
    )
