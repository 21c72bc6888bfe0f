"""What became of a newsletter, reader by reader."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.deps import JobEditor, Keys, Session
from api.pages import Paging
from models.mailing import DeliveryOutcome
from services.mail import mail_deliveries
from web.rendering import page
from web.route import router as new_router

router = new_router("/ledger/{job_id}/deliveries")


@router.get("")
async def show(
    request: Request,
    job_id: UUID,
    _: JobEditor,
    session: Session,
    keyring: Keys,
    paging: Paging,
    outcome: DeliveryOutcome | None = None,
) -> Response:
    return page(
        request,
        "ledger/deliveries.html",
        job_id=job_id,
        deliveries=await mail_deliveries.browse(session, keyring, job_id, paging, outcome),
        chosen=outcome,
        outcomes=list(DeliveryOutcome),
    )
