"""A workflow, its threads, and what was drafted and scored in them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7

from models.base import (
    Base,
    InWorkspace,
    Json,
    Tenant,
    anchor,
    never_negative,
    newest_first,
    platform_name,
    reference,
    sparse,
    state,
)
from models.publishing import PublishingJob


class WorkflowStatus(StrEnum):
    """Derived from the platform states; `archived` follows `completed` by and by."""

    RUNNING = "running"
    AWAITING_REVIEW = "awaiting_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


class WorkflowMode(StrEnum):
    MANUAL = "manual"
    TEMPLATE = "template"


class Workflow(Tenant, Base):
    __tablename__ = "workflows"
    __table_args__ = (
        anchor(),
        reference("project_id", "projects", "SET NULL"),
        reference("campaign_id", "campaigns", "SET NULL"),
        reference("source_post_id", "posts", "SET NULL", late=True),
        sparse("source_post_id"),
        sparse("template_id"),
        Index(None, "workspace_id", "external_id", postgresql_where=text("external_id IS NOT NULL")),
        # What is still to be archived.
        Index(None, "updated_at", postgresql_where=text("status = 'completed'")),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    project_id: Mapped[UUID | None]
    campaign_id: Mapped[UUID | None]
    source_post_id: Mapped[UUID | None]
    # Not composite, since shipped templates have no workspace: a trigger refuses another workspace's.
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("templates.id", ondelete="SET NULL"))
    status: Mapped[WorkflowStatus] = mapped_column(
        state(WorkflowStatus, "status"), server_default=WorkflowStatus.RUNNING
    )
    mode: Mapped[WorkflowMode] = mapped_column(
        state(WorkflowMode, "mode"), server_default=WorkflowMode.MANUAL
    )
    source_content: Mapped[Json | None]
    template_input: Mapped[Json | None]
    manual_options: Mapped[Json | None]
    schedule_for: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(String(255))
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))

    platform_states: Mapped[list["PlatformState"]] = relationship(
        viewonly=True, lazy="raise", order_by="PlatformState.platform"
    )
    drafts: Mapped[list["Draft"]] = relationship(
        viewonly=True, lazy="raise", order_by="(Draft.created_at, Draft.sequence)"
    )
    publishing_jobs: Mapped[list[PublishingJob]] = relationship(
        viewonly=True, lazy="raise", order_by=PublishingJob.created_at
    )


class WorkflowMetadata(InWorkspace, Base):
    """Each plain value of a workflow's metadata, to find it by; a trigger writes them with the workflow.

    A table of its own: under row security no GIN index is used.
    """

    __tablename__ = "workflow_metadata"
    __table_args__ = (
        reference("workflow_id", "workflows", "CASCADE"),
        Index(
            "ix_workflow_metadata_pair",
            "workspace_id",
            "key",
            "value",
            text("created_at DESC"),
            text("workflow_id DESC"),
        ),
    )

    workflow_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    key: Mapped[str] = mapped_column(String(255), primary_key=True, sort_order=-2)
    value: Mapped[str] = mapped_column(String(255))


class ThreadStatus(StrEnum):
    """LangGraph's own words."""

    IDLE = "idle"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class Thread(Tenant, Base):
    """The id is LangGraph's thread_id; whoever starts a thread makes this row first."""

    __tablename__ = "threads"
    __table_args__ = (
        anchor(),
        # Its status changes at every pause: room for that on the page, and no index on it.
        {"postgresql_with": {"fillfactor": 80}},
    )

    graph_id: Mapped[str | None] = mapped_column(String(50))
    status: Mapped[ThreadStatus] = mapped_column(
        state(ThreadStatus, "status"), server_default=ThreadStatus.IDLE
    )
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    deleted_at: Mapped[datetime | None]
    """Then LangGraph's protocol does not know it any more; its drafts and its ledger stay."""


class PlatformStatus(StrEnum):
    GENERATING = "generating"
    EVALUATING = "evaluating"
    AWAITING_REVIEW = "awaiting_review"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PlatformState(InWorkspace, Base):
    """The row is the job: when it is due, who holds it until when, and the claim's fence."""

    __tablename__ = "platform_states"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "id"], ["threads.workspace_id", "threads.id"], ondelete="CASCADE"
        ),
        reference("workflow_id", "workflows", "CASCADE"),
        reference("active_draft_id", "drafts", "SET NULL"),
        reference("run_id", "runs", "SET NULL"),
        sparse("run_id"),
        # What a workspace's outputs are at is counted without reading their rows.
        UniqueConstraint(
            "workspace_id",
            "workflow_id",
            "platform",
            postgresql_include=["status", "epoch", "active_draft_id"],
        ),
        Index(
            "ix_platform_states_failed",
            "workflow_id",
            postgresql_where=text("status IN ('failed', 'cancelled')"),
        ),
        Index(None, "active_draft_id"),
        Index(None, "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index(
            "ix_platform_states_not_due",
            "updated_at",
            postgresql_where=text(
                "due_at IS NULL AND status IN ('generating', 'evaluating', 'accepted', 'scheduled', 'publishing')"
            ),
        ),
        platform_name(),
        *never_negative("iteration", "epoch", "attempts", "lost_leases"),
        # Room on the page for the claim's many small updates.
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)
    workflow_id: Mapped[UUID]
    platform: Mapped[str] = mapped_column(String(20))
    status: Mapped[PlatformStatus] = mapped_column(
        state(PlatformStatus, "status"), server_default=PlatformStatus.GENERATING
    )
    active_draft_id: Mapped[UUID | None]
    iteration: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    due_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    held_by: Mapped[str | None] = mapped_column(String(100))
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lost_leases: Mapped[int] = mapped_column(server_default=text("0"))
    run_id: Mapped[UUID | None]
    """The run under way, or the next of those that wait, which this thread owes its turn; models.runs."""

    workflow: Mapped[Workflow] = relationship(viewonly=True, lazy="raise")
    active_draft: Mapped["Draft | None"] = relationship(viewonly=True, lazy="raise")


class DraftSource(StrEnum):
    AI = "ai"
    HUMAN = "human"


class Draft(Tenant, Base):
    """Never changed, never deleted but with its workspace. The id is made by core.content.draft_id."""

    __tablename__ = "drafts"
    __table_args__ = (
        anchor(),
        reference("workflow_id", "workflows", "CASCADE"),
        reference("thread_id", "threads", "CASCADE"),
        reference("based_on_id", "drafts", "CASCADE"),
        Index(None, "workflow_id", "platform"),
        Index(None, "thread_id", "sequence"),
        sparse("based_on_id"),
        platform_name(),
        *never_negative("iteration", "sequence"),
    )

    workflow_id: Mapped[UUID]
    thread_id: Mapped[UUID]
    platform: Mapped[str] = mapped_column(String(20))
    content: Mapped[str]
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    media: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    provenance: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    content_hash: Mapped[str] = mapped_column(String(64))
    source: Mapped[DraftSource] = mapped_column(state(DraftSource, "source"))
    based_on_id: Mapped[UUID | None]
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    iteration: Mapped[int] = mapped_column(server_default=text("0"))
    model: Mapped[str | None] = mapped_column(String(100))
    prompt_hash: Mapped[str | None] = mapped_column(String(64))
    checkpoint_id: Mapped[str | None] = mapped_column(String(64))

    workflow: Mapped[Workflow] = relationship(viewonly=True, lazy="raise")
    based_on: Mapped["Draft | None"] = relationship(
        viewonly=True, lazy="raise", primaryjoin="foreign(Draft.based_on_id) == remote(Draft.id)"
    )
    evaluations: Mapped[list["Evaluation"]] = relationship(
        viewonly=True, lazy="raise", order_by="Evaluation.created_at"
    )


class Evaluation(Tenant, Base):
    """`criteria_scores` are flat numbers, `findings` the quote and instruction of each criterion, `ungrounded` those of
    each claim that the source does not support."""

    __tablename__ = "evaluations"
    __table_args__ = (
        reference("draft_id", "drafts", "CASCADE"),
        Index(None, "workspace_id", "draft_id"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
    )

    draft_id: Mapped[UUID]
    score: Mapped[int]
    feedback: Mapped[str | None]
    criteria_scores: Mapped[Json | None]
    findings: Mapped[Json | None]
    violations: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    ungrounded: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    model: Mapped[str | None] = mapped_column(String(100))
    prompt_hash: Mapped[str | None] = mapped_column(String(64))

    draft: Mapped[Draft] = relationship(viewonly=True, lazy="raise")


newest_first(Workflow, "workspace_id", "status")
newest_first(Workflow, "workspace_id")
newest_first(Workflow, "workspace_id", "project_id", sparse=True)
newest_first(Workflow, "workspace_id", "campaign_id", sparse=True)
newest_first(Workflow, "user_id")
