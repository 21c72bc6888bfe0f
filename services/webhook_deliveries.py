"""What webhooks were told, and telling it again."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import FieldError, Invalid
from models import DeliveryStatus, WebhookDelivery
from services import pages, rows, webhooks

REPLAYED_AT_ONCE: Final = 10_000

_AGAIN: Final = """status = 'pending', tries = 0, due_at = now(), lease_until = NULL,
        give_up_at = now() + interval '1 day'"""
_REPLAY = text(f"""
UPDATE webhook_deliveries SET {_AGAIN} WHERE id = :id AND (lease_until IS NULL OR lease_until < now())
""")
# From the log, since what happened while it was paused has never become a delivery.
_REPLAY_SINCE = text(f"""
WITH happened AS (
    SELECT w.id AS webhook_id, l.workspace_id, l.xid, l.id, l.workflow_id, l.event, l.created_at
    FROM webhooks w JOIN processing_logs l ON l.workspace_id = w.workspace_id
    WHERE w.id = :webhook_id AND l.event IS NOT NULL AND l.created_at >= :since AND l.created_at <= :until
        AND (w.events = '{{}}' OR l.event ->> 'type' = ANY(w.events))
        AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
        AND NOT EXISTS (
            SELECT FROM webhook_deliveries d
            WHERE d.webhook_id = w.id AND d.event_xid = l.xid AND d.event_row = l.id
                AND (d.status = 'pending' OR d.status = 'delivered' AND NOT :delivered)
        )
    ORDER BY l.xid, l.id LIMIT :most
)
INSERT INTO webhook_deliveries AS d
    (workspace_id, webhook_id, event_xid, event_row, workflow_id, type, occurred_at, payload, created_at)
SELECT workspace_id, webhook_id, xid, id, workflow_id, event ->> 'type', created_at, event - 'type', clock_timestamp()
FROM happened
ON CONFLICT (webhook_id, event_xid, event_row) DO UPDATE SET {_AGAIN}
RETURNING 1
""")


class TooMuchToReplay(Invalid):
    title = "That is too much to send again at once"


async def browse(
    session: AsyncSession, webhook_id: UUID, wanted: pages.Wanted, status: DeliveryStatus | None = None
) -> pages.Slice[WebhookDelivery]:
    """Raises NotFound where there is no such webhook."""
    await webhooks.find(session, webhook_id)
    statement = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if status is not None:
        statement = statement.where(WebhookDelivery.status == status)
    return await pages.page(session, statement, (WebhookDelivery.created_at, WebhookDelivery.id), wanted)


async def find(session: AsyncSession, delivery_id: UUID) -> WebhookDelivery:
    return await rows.find(session, WebhookDelivery, delivery_id, "delivery")


async def replay(session: AsyncSession, delivery_id: UUID) -> WebhookDelivery:
    """Sent again at once, under the same id; one that is being sent right now is left alone."""
    delivery = await find(session, delivery_id)
    webhooks.require_active(await webhooks.find(session, delivery.webhook_id))
    await session.execute(_REPLAY, {"id": delivery_id})
    await session.refresh(delivery)
    return delivery


async def replay_since(
    session: AsyncSession, webhook_id: UUID, since: datetime, until: datetime, *, delivered: bool
) -> int:
    """How many events of that time are sent again: those that did not arrive, or with `delivered` all of them.

    Raises NotFound, WebhookNotActive, TooMuchToReplay.
    """
    webhooks.require_active(await webhooks.find(session, webhook_id))
    given = {"webhook_id": webhook_id, "since": since, "until": until, "delivered": delivered}
    found = await session.execute(_REPLAY_SINCE, {**given, "most": REPLAYED_AT_ONCE + 1})
    count = len(found.all())
    if count > REPLAYED_AT_ONCE:
        detail = f"More than {REPLAYED_AT_ONCE:,} events happened in that time."
        raise TooMuchToReplay(
            detail, remedy="Name an earlier `until`, then go on.", errors=[FieldError("/until", detail)]
        )
    return count
