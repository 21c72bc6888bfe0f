"""Mailing lists. Addresses are shown to those who may change them."""

from typing import Final
from uuid import UUID

from fastapi import Request, Response

from api.deps import JobEditor, Keys, LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.requests import UnsupportedMediaType
from api.route import router as new_router
from api.schemas.lists import (
    Bounced,
    BounceIn,
    BounceReported,
    EmailDeliveryOut,
    ListIn,
    ListOut,
    ListPatch,
    SubscriberIn,
    SubscriberOut,
    SubscribersAdded,
    SubscribersIn,
)
from models import MailingList
from models.mailing import DeliveryOutcome, SubscriberStatus
from services.mail import mail_deliveries, mailing_import, mailing_lists, reports, subscribers
from services.mail.subscribers import Entry

router = new_router("/v1/lists", "newsletters")
reports_in = new_router("/v1/bounces", "newsletters")
deliveries = new_router("/v1/publishing-jobs", "newsletters")

_MAIL: Final = "message/rfc822"
_REPORT: Final = """\
From: MAILER-DAEMON@mail.example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=part

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com

Final-Recipient: rfc822; ada@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 There is nobody of that name

--part
Content-Type: text/rfc822-headers

Message-ID: <0199000000007000800000000000abcd@example.com>

--part--
"""


@router.get("")
async def list_lists(_: Viewer, session: Session, paging: Paging) -> Page[ListOut]:
    found = await mailing_lists.browse(session, paging)
    counts = await mailing_lists.counts(session, [row.id for row in found.items])
    return Page[ListOut].of(found, lambda row: ListOut.of(row, counts[row.id]))


@router.post("", status_code=201)
async def create_list(body: ListIn, principal: LibraryEditor, session: Session) -> ListOut:
    return await _whole(session, await mailing_lists.create(session, principal, body.name))


@router.get("/{list_id}")
async def get_list(list_id: UUID, _: Viewer, session: Session) -> ListOut:
    return await _whole(session, await mailing_lists.find(session, list_id))


@router.patch("/{list_id}")
async def change_list(list_id: UUID, body: ListPatch, _: LibraryEditor, session: Session) -> ListOut:
    return await _whole(session, await mailing_lists.rename(session, list_id, body.name))


@router.delete("/{list_id}", status_code=204)
async def delete_list(list_id: UUID, _: LibraryEditor, session: Session) -> None:
    """And who is on it, also that they had left: whoever is added to another list is mailed again."""
    await mailing_lists.delete(session, list_id)


@router.get("/{list_id}/subscribers")
async def list_subscribers(
    list_id: UUID,
    _: LibraryEditor,
    session: Session,
    keyring: Keys,
    paging: Paging,
    status: SubscriberStatus | None = None,
) -> Page[SubscriberOut]:
    found = await subscribers.browse(session, keyring, list_id, paging, status)
    return Page[SubscriberOut].of(found, SubscriberOut.model_validate)


@router.post("/{list_id}/subscribers", status_code=201)
async def add_subscriber(
    list_id: UUID, body: SubscriberIn, _: LibraryEditor, session: Session, keyring: Keys
) -> SubscriberOut:
    """Who is on the list already is answered as they are: whoever has unsubscribed or bounced stays so."""
    await subscribers.add(session, keyring, list_id, [Entry(body.email, consent=body.consent)])
    return SubscriberOut.model_validate(await subscribers.by_email(session, keyring, list_id, body.email))


@router.post("/{list_id}/subscribers/import")
async def import_subscribers(
    list_id: UUID, body: SubscribersIn, _: LibraryEditor, session: Session, keyring: Keys
) -> SubscribersAdded:
    """All of them, or none where a line is wrong."""
    if body.csv is None:
        entries = [Entry(email, consent=body.consent) for email in body.emails]
    else:
        entries = await mailing_import.entries(body.csv, body.consent)
    return SubscribersAdded.model_validate(await subscribers.add(session, keyring, list_id, entries))


@router.get(
    "/{list_id}/subscribers/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_subscribers(list_id: UUID, _: LibraryEditor, session: Session, keyring: Keys) -> Response:
    """CSV of everybody, those that left included; it can be imported again."""
    return Response(
        await mailing_import.export(session, keyring, list_id),
        media_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="subscribers.csv"'},
    )


@router.get("/{list_id}/subscribers/{subscriber_id}")
async def get_subscriber(
    list_id: UUID, subscriber_id: UUID, _: LibraryEditor, session: Session, keyring: Keys
) -> SubscriberOut:
    return SubscriberOut.model_validate(await subscribers.find(session, keyring, list_id, subscriber_id))


@router.post("/{list_id}/subscribers/{subscriber_id}/unsubscribe")
async def unsubscribe_subscriber(
    list_id: UUID, subscriber_id: UUID, _: LibraryEditor, session: Session, keyring: Keys
) -> SubscriberOut:
    """For whoever asks by other means than the link. Nothing subscribes them again."""
    found = await subscribers.unsubscribe(session, keyring, list_id, subscriber_id)
    return SubscriberOut.model_validate(found)


@router.delete("/{list_id}/subscribers/{subscriber_id}", status_code=204)
async def delete_subscriber(list_id: UUID, subscriber_id: UUID, _: LibraryEditor, session: Session) -> None:
    """The address is forgotten, and that it had left: to mail it no more, unsubscribe it instead."""
    await subscribers.erase(session, list_id, subscriber_id)


@router.post("/{list_id}/bounces")
async def record_bounce(
    list_id: UUID, body: BounceIn, _: LibraryEditor, session: Session, keyring: Keys
) -> Bounced:
    """For what a mail service learns later: the address is mailed no more, on whichever list of the workspace it is."""
    count = await subscribers.bounce(session, keyring, list_id, body.email, body.reason)
    return Bounced(subscribers=count)


@reports_in.post(
    "",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_MAIL: {"schema": {"type": "string"}, "example": _REPORT}},
        }
    },
)
async def report_bounce(request: Request, _: LibraryEditor, session: Session) -> BounceReported:
    """A mail as it came, with a report of a mail server (RFC 3464): for whatever pipes such mail to a program. Reports of
    failures on newsletters of this workspace are known by the Message-ID in them; whatever else comes does nothing."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MAIL:
        raise UnsupportedMediaType("The body is no mail.", remedy=f"Send it with Content-Type: {_MAIL}.")
    return BounceReported.model_validate(await reports.take(session, await request.body()))


@deliveries.get("/{job_id}/deliveries")
async def list_email_deliveries(
    job_id: UUID,
    _: JobEditor,
    session: Session,
    keyring: Keys,
    paging: Paging,
    outcome: DeliveryOutcome | None = None,
) -> Page[EmailDeliveryOut]:
    """What became of a newsletter, reader by reader; empty for other posts."""
    found = await mail_deliveries.browse(session, keyring, job_id, paging, outcome)
    return Page[EmailDeliveryOut].of(found, EmailDeliveryOut.model_validate)


async def _whole(session: Session, row: MailingList) -> ListOut:
    return ListOut.of(row, await mailing_lists.count(session, row.id))
