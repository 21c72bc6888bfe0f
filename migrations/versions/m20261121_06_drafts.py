"""Drafts, evaluations, and the state of each thread."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_06"
down_revision = "20261121_05"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "media", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("based_on_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("iteration", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("prompt_hash", sa.String(length=64), nullable=True),
        sa.Column("checkpoint_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_drafts_platform")),
        sa.CheckConstraint("iteration >= 0", name=op.f("ck_drafts_iteration")),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_drafts_sequence")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "based_on_id"],
            ["drafts.workspace_id", "drafts.id"],
            name=op.f("fk_drafts_workspace_id_based_on_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_drafts_workspace_id_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "workflow_id"],
            ["workflows.workspace_id", "workflows.id"],
            name=op.f("fk_drafts_workspace_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_drafts_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("source IN ('ai', 'human')", name=op.f("ck_drafts_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_drafts_workspace_id_id")),
    )
    op.create_index(op.f("ix_drafts_based_on_id"), "drafts", ["based_on_id"], unique=False)
    op.create_index(op.f("ix_drafts_thread_id_sequence"), "drafts", ["thread_id", "sequence"], unique=False)
    op.create_index(
        op.f("ix_drafts_workflow_id_platform"), "drafts", ["workflow_id", "platform"], unique=False
    )
    op.create_index(
        "ix_drafts_workspace_id_platform_created_at",
        "drafts",
        ["workspace_id", "platform", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=True),
        sa.Column("criteria_scores", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "violations",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("prompt_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_evaluations_score")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "draft_id"],
            ["drafts.workspace_id", "drafts.id"],
            name=op.f("fk_evaluations_workspace_id_draft_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_evaluations_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
    )
    op.create_index(op.f("ix_evaluations_draft_id"), "evaluations", ["draft_id"], unique=False)
    op.create_index(
        op.f("ix_evaluations_workspace_id_score"), "evaluations", ["workspace_id", "score"], unique=False
    )
    op.create_table(
        "platform_states",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="generating", nullable=False),
        sa.Column("active_draft_id", sa.Uuid(), nullable=True),
        sa.Column("iteration", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by", sa.String(length=100), nullable=True),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lost_leases", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_platform_states_platform")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_platform_states_attempts")),
        sa.CheckConstraint("epoch >= 0", name=op.f("ck_platform_states_epoch")),
        sa.CheckConstraint("iteration >= 0", name=op.f("ck_platform_states_iteration")),
        sa.CheckConstraint("lost_leases >= 0", name=op.f("ck_platform_states_lost_leases")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "active_draft_id"],
            ["drafts.workspace_id", "drafts.id"],
            name=op.f("fk_platform_states_workspace_id_active_draft_id"),
            ondelete="SET NULL (active_draft_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_platform_states_workspace_id_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "workflow_id"],
            ["workflows.workspace_id", "workflows.id"],
            name=op.f("fk_platform_states_workspace_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_platform_states_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "status IN ('generating', 'evaluating', 'awaiting_review', 'accepted', 'scheduled', 'publishing', 'published', 'rejected', 'failed', 'cancelled')",
            name=op.f("ck_platform_states_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_states")),
        sa.UniqueConstraint("workflow_id", "platform", name=op.f("uq_platform_states_workflow_id_platform")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        op.f("ix_platform_states_active_draft_id"), "platform_states", ["active_draft_id"], unique=False
    )
    op.create_index(
        op.f("ix_platform_states_due_at"),
        "platform_states",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_platform_states_workspace_id_id"), "platform_states", ["workspace_id", "id"], unique=False
    )
    op.create_index(
        "ix_platform_states_workspace_id_platform_created_at",
        "platform_states",
        ["workspace_id", "platform", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_platform_states_workspace_id_status_created_at",
        "platform_states",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("platform_states")
    op.drop_table("evaluations")
    op.drop_table("drafts")
