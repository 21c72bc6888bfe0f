"""Workflows and their threads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_05"
down_revision = "20261121_04"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("source_post_id", sa.Uuid(), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="running", nullable=False),
        sa.Column("mode", sa.String(length=20), server_default="manual", nullable=False),
        sa.Column("source_content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("template_input", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("manual_options", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("schedule_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["templates.id"], name=op.f("fk_workflows_template_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_workflows_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "campaign_id"],
            ["campaigns.workspace_id", "campaigns.id"],
            name=op.f("fk_workflows_workspace_id_campaign_id"),
            ondelete="SET NULL (campaign_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["projects.workspace_id", "projects.id"],
            name=op.f("fk_workflows_workspace_id_project_id"),
            ondelete="SET NULL (project_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_workflows_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('running', 'awaiting_review', 'completed', 'failed', 'cancelled', 'archived')",
            name=op.f("ck_workflows_status"),
        ),
        sa.CheckConstraint("mode IN ('manual', 'template')", name=op.f("ck_workflows_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_workflows_workspace_id_id")),
    )
    op.create_index(op.f("ix_workflows_campaign_id"), "workflows", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_workflows_project_id"), "workflows", ["project_id"], unique=False)
    op.create_index(op.f("ix_workflows_source_post_id"), "workflows", ["source_post_id"], unique=False)
    op.create_index(op.f("ix_workflows_template_id"), "workflows", ["template_id"], unique=False)
    op.create_index(
        "ix_workflows_user_id_created_at",
        "workflows",
        ["user_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_workflows_workspace_id_created_at",
        "workflows",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_workflows_workspace_id_external_id"),
        "workflows",
        ["workspace_id", "external_id"],
        unique=False,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_index(
        "ix_workflows_workspace_id_status_created_at",
        "workflows",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "threads",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("graph_id", sa.String(length=50), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="idle", nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_threads_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('idle', 'busy', 'interrupted', 'error')", name=op.f("ck_threads_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threads")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_threads_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_threads_metadata"),
        "threads",
        ["metadata"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_threads_workspace_id_created_at",
        "threads",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_threads_workspace_id_status_created_at",
        "threads",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.execute("DROP TABLE threads CASCADE")  # with the policies of LangGraph's tables, which hang on it
    op.drop_table("workflows")
