"""Accounts: connected accounts and their rate limits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_04"
down_revision = "20261121_03"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connected_accounts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("platform_user_id", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("avatar_url", sa.String(length=2048), nullable=True),
        sa.Column("base_url", sa.String(length=2048), nullable=True),
        sa.Column("credentials", sa.LargeBinary(), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scope", sa.String(length=1000), nullable=True),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("webhook_subscribed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("webhook_subscription_id", sa.String(length=255), nullable=True),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sync_status", sa.String(length=20), nullable=True),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sync_enabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("error_message", sa.String(length=2000), nullable=True),
        sa.Column("error_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "credentials IS NOT NULL OR status = 'disconnected'",
            name=op.f("ck_connected_accounts_credentials"),
        ),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_connected_accounts_platform")),
        sa.CheckConstraint("error_count >= 0", name=op.f("ck_connected_accounts_error_count")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_connected_accounts_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_connected_accounts_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "last_sync_status IN ('success', 'failed', 'partial')",
            name=op.f("ck_connected_accounts_last_sync_status"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'error', 'disconnected', 'token_expired')",
            name=op.f("ck_connected_accounts_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connected_accounts")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_connected_accounts_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id", "user_id", "platform", "platform_user_id", name="uq_connected_accounts_identity"
        ),
    )
    op.create_index(
        op.f("ix_connected_accounts_sync_enabled_next_sync_at"),
        "connected_accounts",
        ["sync_enabled", "next_sync_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_connected_accounts_token_expires_at"),
        "connected_accounts",
        ["token_expires_at"],
        unique=False,
    )
    op.create_index(op.f("ix_connected_accounts_user_id"), "connected_accounts", ["user_id"], unique=False)
    op.create_index(
        "ix_connected_accounts_workspace_id_platform_created_at",
        "connected_accounts",
        ["workspace_id", "platform", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_connected_accounts_workspace_id_status_created_at",
        "connected_accounts",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "rate_limits",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connected_account_id", sa.Uuid(), nullable=False),
        sa.Column("bucket", sa.String(length=50), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("quota >= 0", name=op.f("ck_rate_limits_quota")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_rate_limits_used")),
        sa.CheckConstraint("window_seconds >= 0", name=op.f("ck_rate_limits_window_seconds")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connected_account_id"],
            ["connected_accounts.workspace_id", "connected_accounts.id"],
            name=op.f("fk_rate_limits_workspace_id_connected_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_rate_limits_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_limits")),
        sa.UniqueConstraint(
            "connected_account_id", "bucket", name=op.f("uq_rate_limits_connected_account_id_bucket")
        ),
    )
    op.create_index(
        "ix_rate_limits_workspace_id_created_at",
        "rate_limits",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("rate_limits")
    op.drop_table("connected_accounts")
