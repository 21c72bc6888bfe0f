"""Publishing: the ledger and every attempt."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_08"
down_revision = "20261121_07"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publishing_jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("connected_account_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="queued", nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(length=100), nullable=False),
        sa.Column("approved_hash", sa.String(length=64), nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("response_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_publishing_jobs_platform")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_publishing_jobs_attempts")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connected_account_id"],
            ["connected_accounts.workspace_id", "connected_accounts.id"],
            name=op.f("fk_publishing_jobs_workspace_id_connected_account_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "draft_id"],
            ["drafts.workspace_id", "drafts.id"],
            name=op.f("fk_publishing_jobs_workspace_id_draft_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_publishing_jobs_workspace_id_review_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_publishing_jobs_workspace_id_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "workflow_id"],
            ["workflows.workspace_id", "workflows.id"],
            name=op.f("fk_publishing_jobs_workspace_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_publishing_jobs_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'scheduled', 'held', 'publishing', 'published', 'failed', 'unknown', 'cancelled')",
            name=op.f("ck_publishing_jobs_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publishing_jobs")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_publishing_jobs_idempotency_key")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_publishing_jobs_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_publishing_jobs_connected_account_id_status"),
        "publishing_jobs",
        ["connected_account_id", "status"],
        unique=False,
    )
    op.create_index(op.f("ix_publishing_jobs_draft_id"), "publishing_jobs", ["draft_id"], unique=False)
    op.create_index(op.f("ix_publishing_jobs_review_id"), "publishing_jobs", ["review_id"], unique=False)
    op.create_index(
        op.f("ix_publishing_jobs_scheduled_for"),
        "publishing_jobs",
        ["scheduled_for"],
        unique=False,
        postgresql_where=sa.text("status IN ('queued', 'scheduled', 'held')"),
    )
    op.create_index(op.f("ix_publishing_jobs_thread_id"), "publishing_jobs", ["thread_id"], unique=False)
    op.create_index(op.f("ix_publishing_jobs_workflow_id"), "publishing_jobs", ["workflow_id"], unique=False)
    op.create_index(
        "ix_publishing_jobs_workspace_id_created_at",
        "publishing_jobs",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_publishing_jobs_workspace_id_platform_created_at",
        "publishing_jobs",
        ["workspace_id", "platform", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_publishing_jobs_workspace_id_status_created_at",
        "publishing_jobs",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "publishing_attempts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("publishing_job_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publishing_job_id"],
            ["publishing_jobs.workspace_id", "publishing_jobs.id"],
            name=op.f("fk_publishing_attempts_workspace_id_publishing_job_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_publishing_attempts_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "kind IN ('publish', 'find', 'unpublish', 'reconcile')", name=op.f("ck_publishing_attempts_kind")
        ),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'absent', 'refused', 'unreachable', 'unknown')",
            name=op.f("ck_publishing_attempts_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publishing_attempts")),
    )
    op.create_index(
        op.f("ix_publishing_attempts_publishing_job_id_started_at"),
        "publishing_attempts",
        ["publishing_job_id", "started_at"],
        unique=False,
    )
    op.create_index(
        "ix_publishing_attempts_workspace_id_created_at",
        "publishing_attempts",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("publishing_attempts")
    op.drop_table("publishing_jobs")
