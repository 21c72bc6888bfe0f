"""The ledger: what is to go out, and every attempt at it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import (
    Base,
    Json,
    Tenant,
    anchor,
    never_negative,
    newest_first,
    platform_name,
    reference,
    state,
)


class JobStatus(StrEnum):
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    HELD = "held"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class PublishingJob(Tenant, Base):
    """One for each accepting review and account. The publisher refuses any text but the approved hash's.

    `response_data` holds platform_post_id, url and engagement; `error` holds code, detail and remedy; `progress` what
    its adapter has done and must not do twice.
    """

    __tablename__ = "publishing_jobs"
    __table_args__ = (
        anchor(),
        reference("workflow_id", "workflows", "CASCADE"),
        reference("thread_id", "threads", "CASCADE"),
        reference("draft_id", "drafts", "CASCADE"),
        reference("review_id", "reviews", "CASCADE"),
        reference("connected_account_id", "connected_accounts", "RESTRICT"),
        Index(None, "workflow_id"),
        Index(None, "thread_id"),
        Index(None, "draft_id"),
        Index(None, "review_id"),
        Index(None, "connected_account_id", "status"),
        Index(None, "scheduled_for", postgresql_where=text("status IN ('queued', 'scheduled', 'held')")),
        platform_name(),
        *never_negative("attempts"),
    )

    workflow_id: Mapped[UUID]
    thread_id: Mapped[UUID]
    draft_id: Mapped[UUID]
    review_id: Mapped[UUID]
    connected_account_id: Mapped[UUID | None]
    platform: Mapped[str] = mapped_column(String(20))
    status: Mapped[JobStatus] = mapped_column(state(JobStatus, "status"), server_default=JobStatus.QUEUED)
    scheduled_for: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    first_attempt_at: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    idempotency_key: Mapped[str] = mapped_column(String(100), unique=True)
    approved_hash: Mapped[str] = mapped_column(String(64))
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    response_data: Mapped[Json | None]
    error: Mapped[Json | None]
    progress: Mapped[Json] = mapped_column(server_default=text("'{}'"))

    publishing_attempts: Mapped[list["PublishingAttempt"]] = relationship(
        viewonly=True, lazy="raise", order_by="PublishingAttempt.started_at"
    )


class AttemptKind(StrEnum):
    PUBLISH = "publish"
    FIND = "find"
    UNPUBLISH = "unpublish"
    RECONCILE = "reconcile"


class AttemptOutcome(StrEnum):
    CONFIRMED = "confirmed"
    ABSENT = "absent"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class PublishingAttempt(Tenant, Base):
    """Append-only: `outcome` stays NULL where the process died before it knew."""

    __tablename__ = "publishing_attempts"
    __table_args__ = (
        reference("publishing_job_id", "publishing_jobs", "CASCADE"),
        Index(None, "publishing_job_id", "started_at"),
    )

    publishing_job_id: Mapped[UUID]
    kind: Mapped[AttemptKind] = mapped_column(state(AttemptKind, "kind"))
    started_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[AttemptOutcome | None] = mapped_column(state(AttemptOutcome, "outcome"))
    evidence: Mapped[Json] = mapped_column(server_default=text("'{}'"))


newest_first(PublishingJob, "workspace_id", "status")
newest_first(PublishingJob, "workspace_id", "platform")
newest_first(PublishingJob, "workspace_id")
newest_first(PublishingAttempt, "workspace_id")
