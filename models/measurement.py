"""What was spent, what happened, who changed what."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    InWorkspace,
    Json,
    Tenant,
    TransactionId,
    never_negative,
    newest_first,
    reference,
    sparse,
    state,
)


class UsageStatus(StrEnum):
    """`reserved` counts against the budget at its highest price until the call is over."""

    RESERVED = "reserved"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TokenUsage(Tenant, Base):
    """One attempt at a model call. `cost_usd` is NULL where the model's price is not known."""

    __tablename__ = "token_usage"
    __table_args__ = (
        reference("workflow_id", "workflows", "SET NULL"),
        reference("thread_id", "threads", "SET NULL"),
        reference("draft_id", "drafts", "SET NULL"),
        reference("post_id", "posts", "SET NULL"),
        Index(None, "workspace_id", "workflow_id"),
        Index(None, "thread_id"),
        Index(None, "draft_id"),
        sparse("post_id"),
        Index(None, "created_at"),
        *never_negative("input_tokens", "output_tokens", "cost_usd", "latency_ms"),
    )

    workflow_id: Mapped[UUID | None]
    thread_id: Mapped[UUID | None]
    draft_id: Mapped[UUID | None]
    post_id: Mapped[UUID | None]
    service: Mapped[str] = mapped_column(String(50))
    model: Mapped[str] = mapped_column(String(100))
    prompt_hash: Mapped[str | None] = mapped_column(String(64))
    input_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    output_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(10, 6))
    latency_ms: Mapped[int] = mapped_column(server_default=text("0"))
    status: Mapped[UsageStatus] = mapped_column(state(UsageStatus, "status"))


class BudgetPeriod(StrEnum):
    DAY = "day"
    MONTH = "month"


class Budget(Tenant, Base):
    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("workspace_id", "period"), *never_negative("limit_usd"))

    period: Mapped[BudgetPeriod] = mapped_column(state(BudgetPeriod, "period"))
    limit_usd: Mapped[Decimal] = mapped_column(Numeric(12, 6))


class ProcessingLog(InWorkspace, Base):
    """What the services did, and the event streams' replay log, partitioned by month.

    Read in (xid, id) order below pg_snapshot_xmin(pg_current_snapshot()): nothing can commit below that later.
    """

    __tablename__ = "processing_logs"
    __table_args__ = (
        # What they name is not checked: triggers write them, from those very rows, which only go with the workspace.
        Index(None, "workflow_id", "xid", "id"),
        Index(None, "workspace_id", "xid", "id"),
        *never_negative("processing_time_ms"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-2)
    created_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=text("now()"), sort_order=100
    )
    xid: Mapped[int] = mapped_column(TransactionId, server_default=text("pg_current_xact_id()"))
    workflow_id: Mapped[UUID | None]
    thread_id: Mapped[UUID | None]
    post_id: Mapped[UUID | None]
    service_name: Mapped[str] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(50))
    error_message: Mapped[str | None]
    processing_time_ms: Mapped[int | None]
    event: Mapped[Json | None]


class AuditOperation(StrEnum):
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class AuditLog(Base):
    """Written by the trigger `audit()` alone, secrets and personal data redacted.

    `workspace_id` is NULL for what belongs to no workspace, and for rows that go down with theirs.
    """

    __tablename__ = "audit_logs"
    __table_args__ = (
        Index(None, "user_id"),
        Index("ix_audit_logs_workspace_id_at", "workspace_id", text("at DESC"), text("id DESC")),
        CheckConstraint("num_nonnulls(old_values, new_values) >= 1", name="values"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    workspace_id: Mapped[UUID | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    table_name: Mapped[str] = mapped_column(String(63))
    operation: Mapped[AuditOperation] = mapped_column(state(AuditOperation, "operation"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    old_values: Mapped[Json | None]
    new_values: Mapped[Json | None]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))


newest_first(TokenUsage, "workspace_id")
