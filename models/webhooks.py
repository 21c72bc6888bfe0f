"""Callers' addresses that are told what happens, and what each was told."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Encrypted,
    Json,
    Tenant,
    TransactionId,
    anchor,
    never_negative,
    newest_first,
    reference,
    sparse,
    state,
)


class WebhookStatus(StrEnum):
    """`paused` by a person; `disabled` by us, with the reason in `error`."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """`dead`: given up, until somebody has it sent again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Webhook(Tenant, Base):
    """Events up to (`after_xid`, `after_row`) have become deliveries; a new one begins with what is not over yet."""

    __tablename__ = "webhooks"
    __table_args__ = (
        anchor(),
        sparse("user_id"),
        Index("ix_webhooks_active", "workspace_id", postgresql_where=text("status = 'active'")),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    url: Mapped[str] = mapped_column(String(2048))
    events: Mapped[list[str]] = mapped_column(ARRAY(String(50)), server_default=text("'{}'"))
    """None named: all."""
    status: Mapped[WebhookStatus] = mapped_column(
        state(WebhookStatus, "status"), server_default=WebhookStatus.ACTIVE
    )
    error: Mapped[str | None]
    secret: Mapped[bytes] = mapped_column(Encrypted)
    previous_secret: Mapped[bytes | None] = mapped_column(Encrypted)
    previous_secret_until: Mapped[datetime | None]
    """The previous secret signs, too, until then."""
    failing_since: Mapped[datetime | None]
    """The first failure after the last success."""
    after_xid: Mapped[int] = mapped_column(
        TransactionId, server_default=text("pg_snapshot_xmin(pg_current_snapshot())")
    )
    after_row: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class WebhookDelivery(Tenant, Base):
    """One event for one webhook; the id is its `webhook-id`. A test has no event, and so no position."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        anchor(),
        reference("webhook_id", "webhooks", "CASCADE"),
        UniqueConstraint("webhook_id", "event_xid", "event_row"),
        *never_negative("tries"),
        # What is due; and what has yet to be tried, which comes before anything later of its workflow.
        Index(
            "ix_webhook_deliveries_due",
            "webhook_id",
            "due_at",
            "event_xid",
            "event_row",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_webhook_deliveries_untried",
            "webhook_id",
            "workflow_id",
            "event_xid",
            "event_row",
            postgresql_where=text("status = 'pending' AND tries = 0"),
        ),
        Index(
            "ix_webhook_deliveries_leased",
            "webhook_id",
            "lease_until",
            postgresql_where=text("lease_until IS NOT NULL"),
        ),
        Index(None, "created_at"),
    )

    webhook_id: Mapped[UUID]
    event_xid: Mapped[int | None] = mapped_column(TransactionId)
    event_row: Mapped[int | None] = mapped_column(BigInteger)
    workflow_id: Mapped[UUID | None]
    type: Mapped[str] = mapped_column(String(50))
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    payload: Mapped[Json]
    status: Mapped[DeliveryStatus] = mapped_column(
        state(DeliveryStatus, "status"), server_default=DeliveryStatus.PENDING
    )
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    """Since it was made, or was last asked for again."""
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    lease_until: Mapped[datetime | None]
    """A worker is sending it, or was when it died."""
    give_up_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '1 day'"))
    attempts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """Each with at, duration_ms, status, error and the beginning of the answer."""


newest_first(Webhook, "workspace_id")
newest_first(WebhookDelivery, "webhook_id")
newest_first(WebhookDelivery, "webhook_id", "status")
