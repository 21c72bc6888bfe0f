"""The ledger: what is to go out, what went out, and what a person has to see to."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from api.deps import JobEditor, JobReviewer, Session, Viewer
from api.pages import Paging
from api.schemas.publishing import Link
from core.sql import connection_of
from platforms.registry import PlatformName
from services import pages
from services.delivery import accounts, jobs, ledger
from services.delivery.ledger import JobView, Part, Remedy
from web.pages.sign_in import local
from web.pages.workflows import named
from web.rendering import is_fragment, page, redirect, standing, timezone
from web.route import router as new_router
from web.times import instant

router = new_router("/ledger")

LIMIT: Final = 30


class Said(BaseModel):
    """What somebody saw on the platform; nothing: the platform is to be asked."""

    outcome: Literal["published", "absent"] | None = None
    url: Link | None = None


@router.get("")
async def show(request: Request, _: Viewer, session: Session) -> Response:
    """The beginning of each part."""
    found = await ledger.overview(connection_of(session), LIMIT)
    every = [job for part in found.values() for job in part.items]
    return page(request, "ledger/page.html", parts=found, **await _around(session, every))


@router.get("/part/{part}")
async def show_part(request: Request, part: Part, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await ledger.browse(connection_of(session), part, paging)
    return page(request, "ledger/part.html", part=part, found=found, **await _around(session, found.items))


@router.get("/{job_id}")
async def show_job(request: Request, job_id: UUID, _: Viewer, session: Session) -> Response:
    found = await ledger.find(connection_of(session), job_id)
    return page(
        request, "ledger/job.html", detail=found, job=found.job, **await _around(session, [found.job])
    )


@router.post("/{job_id}/retry")
async def retry(
    request: Request,
    job_id: UUID,
    _: JobEditor,
    session: Session,
    account_id: Annotated[UUID | None, Form()] = None,
) -> Response:
    await jobs.retry(session, job_id, account_id)
    return _back(request, job_id, "It is sent again now.")


@router.post("/{job_id}/cancel")
async def cancel(request: Request, job_id: UUID, _: JobReviewer, session: Session) -> Response:
    await jobs.cancel(session, job_id)
    return _back(request, job_id, "Cancelled. It does not go out.")


@router.post("/{job_id}/reschedule")
async def reschedule(
    request: Request, job_id: UUID, _: JobReviewer, session: Session, at: Annotated[str, Form()] = ""
) -> Response:
    """`at` as `datetime-local` has it, in the zone of the page."""
    zone = timezone(request)
    job = await jobs.reschedule(session, job_id, instant(at, zone.key))
    assert job.scheduled_for is not None
    return _back(request, job_id, f"It goes out on {job.scheduled_for.astimezone(zone):%-d %b %Y at %H:%M}.")


@router.post("/{job_id}/reconcile")
async def reconcile(
    request: Request, job_id: UUID, said: Annotated[Said, Form()], _: JobEditor, session: Session
) -> Response:
    await jobs.reconcile(session, job_id, said.outcome, said.url)
    notice = {
        None: "The platform is asked again.",
        "published": "Thank you: it counts as published.",
        "absent": "Thank you: it is sent again.",
    }[said.outcome]
    return _back(request, job_id, notice)


def _back(request: Request, job_id: UUID, notice: str) -> Response:
    """To where the button was."""
    where = local(standing(request)) if is_fragment(request) else f"/ledger/{job_id}"
    return redirect(request, where, notice)


async def _around(session: AsyncSession, shown: Sequence[JobView]) -> dict[str, Any]:
    """What the rows need; accounts only where a job waits for one."""
    waiting = {PlatformName(job.platform) for job in shown if Remedy.CHOOSE_ACCOUNT in job.remedies}
    choices: dict[str, list[tuple[UUID, str]]] = {name: [] for name in waiting}
    if waiting:
        for account in await pages.whole(partial(accounts.browse, session)):
            if account.status == "active" and account.platform in choices:
                choices[account.platform].append((account.id, account.display_name or account.username))
    return {"choices": choices, "named": named, "Remedy": Remedy}
