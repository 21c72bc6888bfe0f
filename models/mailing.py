"""Who gets newsletters, and what became of each one that was sent."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Encrypted,
    Tenant,
    anchor,
    never_negative,
    newest_first,
    reference,
    sparse,
    state,
)


class MailingList(Tenant, Base):
    __tablename__ = "mailing_lists"
    __table_args__ = (anchor(), UniqueConstraint("workspace_id", "name"), sparse("user_id"))

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(100))
    """Readers see it: as the reason why they get the mail."""


class SubscriberStatus(StrEnum):
    """Only `subscribed` is mailed. `unsubscribed` is of this list, `bounced` of all lists of the workspace."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"


class Subscriber(Tenant, Base):
    """`email` is ciphertext; `email_index` finds it and keeps it once on its list."""

    __tablename__ = "subscribers"
    __table_args__ = (
        anchor(),
        reference("list_id", "mailing_lists", "CASCADE"),
        UniqueConstraint("list_id", "email_index"),
        Index(None, "workspace_id", "email_index"),
        # The order in which a newsletter goes to its list.
        Index("ix_subscribers_to_be_mailed", "list_id", "id", postgresql_where=text("status = 'subscribed'")),
    )

    list_id: Mapped[UUID]
    email: Mapped[bytes] = mapped_column(Encrypted)
    email_index: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[SubscriberStatus] = mapped_column(
        state(SubscriberStatus, "status"), server_default=SubscriberStatus.SUBSCRIBED
    )
    reason: Mapped[str | None] = mapped_column(String(500))
    """Why it is mailed no more, in the mail server's words."""
    ended_at: Mapped[datetime | None]
    """When it was unsubscribed, or bounced."""
    consent: Mapped[str | None] = mapped_column(String(500))
    """When and how they have agreed to get it, in the words of whoever added them."""


class DeliveryOutcome(StrEnum):
    """`sending` is committed before the mail server is spoken to; where a worker died, it becomes `unknown`.

    `deferred` is tried again by itself; nothing else is. `returned`, and often `bounced`, is what the server took first and
    a report said later.
    """

    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"
    RETURNED = "returned"


class EmailDelivery(Tenant, Base):
    """One newsletter for one subscriber: the id follows from both, and the Message-ID from it. The row outlives the
    subscriber, without saying who it was."""

    __tablename__ = "email_deliveries"
    __table_args__ = (
        reference("publishing_job_id", "publishing_jobs", "CASCADE"),
        reference("subscriber_id", "subscribers", "SET NULL"),
        UniqueConstraint("publishing_job_id", "subscriber_id"),
        sparse("subscriber_id"),
        Index(None, "workspace_id"),
        Index(
            "ix_email_deliveries_open",
            "publishing_job_id",
            "due_at",
            postgresql_where=text("outcome IN ('sending', 'deferred')"),
        ),
        *never_negative("tries"),
    )

    publishing_job_id: Mapped[UUID]
    subscriber_id: Mapped[UUID | None]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """Of the link in this mail that unsubscribes."""
    outcome: Mapped[DeliveryOutcome] = mapped_column(
        state(DeliveryOutcome, "outcome"), server_default=DeliveryOutcome.SENDING
    )
    detail: Mapped[str | None] = mapped_column(String(500))
    """The mail server's words."""
    tries: Mapped[int] = mapped_column(server_default=text("1"))
    due_at: Mapped[datetime | None]
    """Of the next try, while it is deferred."""


newest_first(MailingList, "workspace_id")
newest_first(Subscriber, "list_id")
newest_first(Subscriber, "list_id", "status")
newest_first(EmailDelivery, "publishing_job_id")
newest_first(EmailDelivery, "publishing_job_id", "outcome")
