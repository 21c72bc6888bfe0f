"""Mailing lists, and who is on them."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Keys, LibraryEditor, Session, Viewer
from api.pages import Paging
from api.routes import lists as over_http
from api.schemas.lists import Consent, Name
from models.mailing import SubscriberStatus
from services.mail import mailing_import, mailing_lists, subscribers
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/lists")

HERE: Final = "/settings/lists"


class Given(BaseModel):
    name: Name


class Addresses(BaseModel):
    csv: str
    consent: Consent = None


@router.get("")
async def show(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await mailing_lists.browse(session, paging)
    counts = await mailing_lists.counts(session, [each.id for each in found.items])
    return page(request, "settings/lists.html", lists=found, counts=counts)


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    made = await mailing_lists.create(session, principal, given.name)
    return redirect(request, f"{HERE}/{made.id}", f"The list {made.name} is made.")


@router.get("/{list_id}")
async def show_subscribers(
    request: Request,
    list_id: UUID,
    _: LibraryEditor,
    session: Session,
    keyring: Keys,
    paging: Paging,
    status: SubscriberStatus | None = None,
) -> Response:
    return page(
        request,
        "settings/list.html",
        list=await mailing_lists.find(session, list_id),
        counts=await mailing_lists.count(session, list_id),
        subscribers=await subscribers.browse(session, keyring, list_id, paging, status),
        chosen=status,
    )


@router.get("/{list_id}/export")
async def export(list_id: UUID, principal: LibraryEditor, session: Session, keyring: Keys) -> Response:
    return await over_http.export_subscribers(list_id, principal, session, keyring)


@router.post("/{list_id}")
async def rename(
    request: Request, list_id: UUID, given: Annotated[Given, Form()], _: LibraryEditor, session: Session
) -> Response:
    await mailing_lists.rename(session, list_id, given.name)
    return redirect(request, f"{HERE}/{list_id}", "Saved.")


@router.post("/{list_id}/add")
async def add(
    request: Request,
    list_id: UUID,
    given: Annotated[Addresses, Form()],
    _: LibraryEditor,
    session: Session,
    keyring: Keys,
) -> Response:
    entries = await mailing_import.entries(given.csv, given.consent)
    added = await subscribers.add(session, keyring, list_id, entries)
    said = f"{added.added} added, {added.known} were there already"
    if added.left_out:
        said += f", {added.left_out} have unsubscribed or bounced and stay off"
    return redirect(request, f"{HERE}/{list_id}", f"{said}.")


@router.post("/{list_id}/delete")
async def delete(request: Request, list_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await mailing_lists.delete(session, list_id)
    return redirect(request, HERE, "The list is deleted.")


@router.post("/{list_id}/{subscriber_id}/unsubscribe")
async def unsubscribe(
    request: Request, list_id: UUID, subscriber_id: UUID, _: LibraryEditor, session: Session, keyring: Keys
) -> Response:
    reader = await subscribers.unsubscribe(session, keyring, list_id, subscriber_id)
    return redirect(request, f"{HERE}/{list_id}", f"{reader.email} is mailed no more.")


@router.post("/{list_id}/{subscriber_id}/delete")
async def erase(
    request: Request, list_id: UUID, subscriber_id: UUID, _: LibraryEditor, session: Session
) -> Response:
    await subscribers.erase(session, list_id, subscriber_id)
    return redirect(request, f"{HERE}/{list_id}", "The address is forgotten.")
