"""The runs of a thread, as clients of LangGraph's protocol ask for them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Tenant, anchor, newest_first, reference, sparse, state


class RunStatus(StrEnum):
    """LangGraph's own words; `interrupted` is one that was cancelled."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"


class RunKind(StrEnum):
    START = "start"
    RESUME = "resume"
    CONTINUE = "continue"
    CHANGE = "change"


class MultitaskStrategy(StrEnum):
    REJECT = "reject"
    ENQUEUE = "enqueue"
    INTERRUPT = "interrupt"
    ROLLBACK = "rollback"


class Run(Tenant, Base):
    """`platform_states.run_id` names the one that is under way; a trigger there keeps its status."""

    __tablename__ = "runs"
    __table_args__ = (
        anchor(),
        reference("thread_id", "threads", "CASCADE"),
        sparse("user_id"),
        # Those that wait for their turn.
        Index("ix_runs_waiting", "thread_id", "created_at", "id", postgresql_where=text("begun_at IS NULL")),
    )

    thread_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    graph_id: Mapped[str] = mapped_column(String(50))
    kind: Mapped[RunKind] = mapped_column(state(RunKind, "kind"))
    status: Mapped[RunStatus] = mapped_column(state(RunStatus, "status"), server_default=RunStatus.PENDING)
    multitask_strategy: Mapped[MultitaskStrategy] = mapped_column(
        state(MultitaskStrategy, "multitask_strategy"), server_default=MultitaskStrategy.ENQUEUE
    )
    request: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    error: Mapped[str | None]
    not_before: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    """When what it asks for was put into effect."""
    first_checkpoint: Mapped[str | None] = mapped_column(String(64))
    """Where the thread stood when it began; none for a thread's first run."""
    last_checkpoint: Mapped[str | None] = mapped_column(String(64))
    webhook_told_at: Mapped[datetime | None]
    """When the address that the request names took the news of the run's end."""


newest_first(Run, "thread_id")
newest_first(Run, "workspace_id", "status")
