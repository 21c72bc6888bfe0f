"""What waits for a person, what the person decided, and who else may look."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import (
    Base,
    InWorkspace,
    Json,
    Tenant,
    anchor,
    at_most,
    newest_first,
    platform_name,
    reference,
    sparse,
    state,
)
from models.workflow import Draft

_DUE = text("coalesce(due_at, 'infinity')")
_PENDING = text("status = 'pending'")


class ReviewStatus(StrEnum):
    PENDING = "pending"
    DECIDED = "decided"
    SUPERSEDED = "superseded"


class ReviewDecision(StrEnum):
    ACCEPT = "accept"
    EDIT = "edit"
    REGENERATE = "regenerate"
    REJECT = "reject"


class Review(Tenant, Base):
    """One for each pause of a thread. `platform` is the thread's, by which the inbox is filtered.

    `account` and `schedule` are proposed first, then as decided. `bound` is false where the decision did not name what
    it saw; `decided_via` says what a program acted through. `refusal` holds the platform's words when it sent the text back.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        anchor(),
        reference("thread_id", "threads", "CASCADE"),
        reference("draft_id", "drafts", "CASCADE"),
        reference("connected_account_id", "connected_accounts", "SET NULL"),
        UniqueConstraint("thread_id", "interrupt_id"),
        Index(None, "draft_id"),
        sparse("connected_account_id"),
        sparse("decided_by"),
        sparse("assignee_id"),
        Index(
            "ix_reviews_edits",
            "decided_by",
            "platform",
            text("decided_at DESC"),
            postgresql_where=text("decision = 'edit'"),
        ),
        at_most("comment", 20_000),
        CheckConstraint("(status = 'decided') = (decision IS NOT NULL)", name="decided"),
        # The inbox by urgency.
        Index("ix_reviews_due", "workspace_id", _DUE, "created_at", "id", postgresql_where=_PENDING),
        Index(
            "ix_reviews_platform_due",
            "workspace_id",
            "platform",
            _DUE,
            "created_at",
            "id",
            postgresql_where=_PENDING,
        ),
        platform_name(),
    )

    thread_id: Mapped[UUID]
    draft_id: Mapped[UUID]
    platform: Mapped[str] = mapped_column(String(20))
    interrupt_id: Mapped[str] = mapped_column(String(64))
    status: Mapped[ReviewStatus] = mapped_column(
        state(ReviewStatus, "status"), server_default=ReviewStatus.PENDING
    )
    seen_hash: Mapped[str] = mapped_column(String(64))
    connected_account_id: Mapped[UUID | None]
    schedule_for: Mapped[datetime | None]
    refusal: Mapped[Json | None]
    decision: Mapped[ReviewDecision | None] = mapped_column(state(ReviewDecision, "decision"))
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    bound: Mapped[bool] = mapped_column(server_default=text("true"))
    edited: Mapped[Json | None]
    approve: Mapped[bool] = mapped_column(server_default=text("true"))
    comment: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    decided_via: Mapped[str | None] = mapped_column(String(20))
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    due_at: Mapped[datetime | None]

    draft: Mapped[Draft] = relationship(viewonly=True, lazy="raise")


class ReviewComment(Tenant, Base):
    """`author` is a guest's name where there is no user."""

    __tablename__ = "review_comments"
    __table_args__ = (
        reference("review_id", "reviews", "CASCADE"),
        Index(None, "author_id"),
        at_most("body", 10_000),
    )

    review_id: Mapped[UUID]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    author: Mapped[str | None] = mapped_column(String(100))
    body: Mapped[str]


class ReviewPresence(InWorkspace, Base):
    """Who is looking at it: says so again and again, and is gone when not heard of for a while."""

    __tablename__ = "review_presence"
    __table_args__ = (
        reference("review_id", "reviews", "CASCADE"),
        Index(None, "workspace_id", "seen_at"),
        Index(None, "user_id"),
        {"prefixes": ["UNLOGGED"]},
    )

    review_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, sort_order=-2
    )
    seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class GuestLink(Tenant, Base):
    __tablename__ = "guest_links"
    __table_args__ = (reference("review_id", "reviews", "CASCADE"), Index(None, "review_id"))

    review_id: Mapped[UUID]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    may_decide: Mapped[bool] = mapped_column(server_default=text("false"))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


newest_first(Review, "workspace_id", "status")
newest_first(Review, "workspace_id", "status", "platform")
newest_first(Review, "workspace_id", "assignee_id", sparse=True)
newest_first(Review, "workspace_id")
newest_first(ReviewComment, "review_id")
newest_first(ReviewComment, "workspace_id")
newest_first(GuestLink, "workspace_id")
