from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response

from api.deps import Keys, Session, SettingsOf, WebhookEditor, Work
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.webhooks import (
    DeliveryDetail,
    DeliveryOut,
    Replayed,
    ReplayIn,
    WebhookIn,
    WebhookMade,
    WebhookOut,
    WebhookPatch,
)
from models import DeliveryStatus
from services import webhook_deliveries, webhooks

router = new_router("/v1/webhooks", "webhooks")


@router.get("")
async def list_webhooks(_: WebhookEditor, session: Session, paging: Paging) -> Page[WebhookOut]:
    return Page[WebhookOut].of(await webhooks.browse(session, paging), WebhookOut.model_validate)


@router.post(
    "",
    status_code=201,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The webhook."}}}},
)
async def create_webhook(
    body: WebhookIn,
    principal: WebhookEditor,
    work: Work,
    settings: SettingsOf,
    keyring: Keys,
    response: Response,
) -> WebhookMade:
    """Answers the secret, this once. What happens from now on is told to the address."""
    await webhooks.check_url(settings, body.url)
    made, secret = await webhooks.create(
        await work.begin(), principal, keyring, url=body.url, events=body.events
    )
    response.headers["Location"] = f"{router.prefix}/{made.id}"
    return WebhookMade(**WebhookOut.model_validate(made).model_dump(), secret=secret)


@router.get("/deliveries/{delivery_id}")
async def get_webhook_delivery(delivery_id: UUID, _: WebhookEditor, session: Session) -> DeliveryDetail:
    """With every attempt."""
    return DeliveryDetail.model_validate(await webhook_deliveries.find(session, delivery_id))


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
async def replay_webhook_delivery(delivery_id: UUID, _: WebhookEditor, session: Session) -> DeliveryOut:
    """Sends it again at once, and for a day if need be, under the same `webhook-id`."""
    return DeliveryOut.model_validate(await webhook_deliveries.replay(session, delivery_id))


@router.get("/{webhook_id}")
async def get_webhook(webhook_id: UUID, _: WebhookEditor, session: Session) -> WebhookOut:
    return WebhookOut.model_validate(await webhooks.find(session, webhook_id))


@router.patch("/{webhook_id}")
async def change_webhook(
    webhook_id: UUID, body: WebhookPatch, _: WebhookEditor, work: Work, settings: SettingsOf
) -> WebhookOut:
    """`"status": "active"` also brings a disabled one back."""
    changes = body.changes()
    if "url" in changes:
        await webhooks.check_url(settings, changes["url"])
    return WebhookOut.model_validate(await webhooks.change(await work.begin(), webhook_id, changes))


@router.delete("/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: UUID, _: WebhookEditor, session: Session) -> None:
    """And the record of what it was told."""
    await webhooks.delete(session, webhook_id)


@router.post("/{webhook_id}/rotate-secret")
async def rotate_webhook_secret(
    webhook_id: UUID, _: WebhookEditor, session: Session, keyring: Keys
) -> WebhookMade:
    """Answers the new secret, this once. For a day the one before signs as well, so that you can change over."""
    webhook, secret = await webhooks.rotate(session, keyring, webhook_id)
    return WebhookMade(**WebhookOut.model_validate(webhook).model_dump(), secret=secret)


@router.post("/{webhook_id}/test", status_code=202)
async def test_webhook(webhook_id: UUID, principal: WebhookEditor, session: Session) -> DeliveryOut:
    """Sends a `webhook.test` like any other event: look at the delivery for what came of it."""
    return DeliveryOut.model_validate(await webhooks.test(session, principal, webhook_id))


@router.get("/{webhook_id}/deliveries")
async def list_webhook_deliveries(
    webhook_id: UUID,
    _: WebhookEditor,
    session: Session,
    paging: Paging,
    status: DeliveryStatus | None = None,
) -> Page[DeliveryOut]:
    found = await webhook_deliveries.browse(session, webhook_id, paging, status)
    return Page[DeliveryOut].of(found, DeliveryOut.model_validate)


@router.post("/{webhook_id}/replay", status_code=202)
async def replay_webhook(webhook_id: UUID, body: ReplayIn, _: WebhookEditor, session: Session) -> Replayed:
    """Sends what happened in that time and did not arrive, what happened while it was paused included."""
    until = body.until or datetime.now(UTC)
    count = await webhook_deliveries.replay_since(
        session, webhook_id, body.since, until, delivered=body.delivered
    )
    return Replayed(deliveries=count)
