"""Addresses of programs that are told what happens, and what they were told."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Keys, Owner, Session, SettingsOf, Viewer, Work
from api.pages import Paging
from api.schemas.webhooks import Url
from core.principal import Role
from models import DeliveryStatus, Webhook
from services import webhook_deliveries, webhooks
from services.access import people
from services.events import EventType
from web.rendering import is_fragment, page, redirect
from web.route import router as new_router

router = new_router("/settings/webhooks")

HERE: Final = "/settings/webhooks"
EVENTS: Final = {
    EventType.REVIEW_REQUESTED: "A draft waits for a person",
    EventType.REVIEW_DECIDED: "A person has decided",
    EventType.POST_PUBLISHED: "A post is out",
    EventType.JOB_STATUS: "A publication goes on, is held or fails",
    EventType.WORKFLOW_STATUS: "A workflow goes on or ends",
    EventType.THREAD_STATUS: "A thread goes on or ends",
    EventType.DRAFT_CREATED: "A draft was written",
    EventType.EVALUATION_CREATED: "A draft was scored",
    EventType.EXTRACTION_STATUS: "A file's text is got or cannot be",
}


class NewWebhook(BaseModel):
    url: Url
    events: list[EventType] = Field(default_factory=list)


class Switch(BaseModel):
    status: Literal["active", "paused"]


@router.get("")
async def show(request: Request, principal: Viewer, session: Session, paging: Paging) -> Response:
    owns = principal.may_act_as(Role.OWNER)
    return page(
        request,
        "settings/webhooks.html",
        webhooks=await webhooks.browse(session, paging) if owns else None,
        people=await people.of_workspace(session),
        events=EVENTS,
    )


@router.post("")
async def create(
    request: Request,
    given: Annotated[NewWebhook, Form()],
    principal: Owner,
    work: Work,
    settings: SettingsOf,
    keyring: Keys,
) -> Response:
    """Shows the secret, this once."""
    await webhooks.check_url(settings, given.url)
    made, secret = await webhooks.create(
        await work.begin(), principal, keyring, url=given.url, events=given.events
    )
    return _secret(request, made, secret)


@router.get("/{webhook_id}")
async def show_deliveries(
    request: Request,
    webhook_id: UUID,
    _: Owner,
    session: Session,
    paging: Paging,
    status: DeliveryStatus | None = None,
) -> Response:
    return page(
        request,
        "settings/webhook.html",
        webhook=await webhooks.find(session, webhook_id),
        deliveries=await webhook_deliveries.browse(session, webhook_id, paging, status),
        chosen=status,
        statuses=list(DeliveryStatus),
    )


@router.post("/{webhook_id}/secret")
async def rotate(request: Request, webhook_id: UUID, _: Owner, session: Session, keyring: Keys) -> Response:
    """Shows the new one, this once."""
    return _secret(request, *await webhooks.rotate(session, keyring, webhook_id))


@router.post("/{webhook_id}/status")
async def switch(
    request: Request, webhook_id: UUID, given: Annotated[Switch, Form()], _: Owner, session: Session
) -> Response:
    await webhooks.change(session, webhook_id, {"status": given.status})
    said = "It is told what happens from now on." if given.status == "active" else "It is told nothing."
    return redirect(request, HERE, said)


@router.post("/{webhook_id}/test")
async def test(request: Request, webhook_id: UUID, principal: Owner, session: Session) -> Response:
    await webhooks.test(session, principal, webhook_id)
    return redirect(request, f"{HERE}/{webhook_id}", "A test is on its way.")


@router.post("/{webhook_id}/delete")
async def delete(request: Request, webhook_id: UUID, _: Owner, session: Session) -> Response:
    await webhooks.delete(session, webhook_id)
    return redirect(request, HERE, "The webhook is deleted.")


@router.post("/{webhook_id}/deliveries/{delivery_id}/replay")
async def replay(
    request: Request, webhook_id: UUID, delivery_id: UUID, _: Owner, session: Session
) -> Response:
    await webhook_deliveries.replay(session, delivery_id)
    return redirect(request, f"{HERE}/{webhook_id}", "It is sent again.")


def _secret(request: Request, webhook: Webhook, secret: str) -> Response:
    template = "settings/_webhook_secret.html" if is_fragment(request) else "settings/webhook_secret.html"
    return page(request, template, webhook=webhook, secret=secret)
