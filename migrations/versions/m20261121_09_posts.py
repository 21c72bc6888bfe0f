"""Posts, what was made of them, and their media."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_09"
down_revision = "20261121_08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connected_account_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("publishing_job_id", sa.Uuid(), nullable=True),
        sa.Column("source_post_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("platform_post_id", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=20), server_default="post", nullable=False),
        sa.Column("activity_type", sa.String(length=50), nullable=True),
        sa.Column("author_handle", sa.String(length=255), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=True),
        sa.Column("slug", sa.String(length=255), nullable=True),
        sa.Column("text_content", sa.Text(), nullable=True),
        sa.Column("html_content", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("num_comments", sa.Integer(), nullable=True),
        sa.Column("subreddit", sa.String(length=100), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("created_at_platform", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at_platform", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_on_platform", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("takedown_status", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("simulated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("search_vector", postgresql.TSVECTOR(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_posts_platform")),
        sa.CheckConstraint("num_comments >= 0", name=op.f("ck_posts_num_comments")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_posts_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "campaign_id"],
            ["campaigns.workspace_id", "campaigns.id"],
            name=op.f("fk_posts_workspace_id_campaign_id"),
            ondelete="SET NULL (campaign_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connected_account_id"],
            ["connected_accounts.workspace_id", "connected_accounts.id"],
            name=op.f("fk_posts_workspace_id_connected_account_id"),
            ondelete="SET NULL (connected_account_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "publishing_job_id"],
            ["publishing_jobs.workspace_id", "publishing_jobs.id"],
            name=op.f("fk_posts_workspace_id_publishing_job_id"),
            ondelete="SET NULL (publishing_job_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "source_post_id"],
            ["posts.workspace_id", "posts.id"],
            name=op.f("fk_posts_workspace_id_source_post_id"),
            ondelete="SET NULL (source_post_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_posts_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "content_type IN ('post', 'activity', 'story', 'reel', 'reply', 'repost', 'article')",
            name=op.f("ck_posts_content_type"),
        ),
        sa.CheckConstraint(
            "takedown_status IN ('active', 'takedown_pending', 'removed')",
            name=op.f("ck_posts_takedown_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_posts_workspace_id_id")),
        sa.UniqueConstraint(
            "workspace_id",
            "platform",
            "platform_post_id",
            name=op.f("uq_posts_workspace_id_platform_platform_post_id"),
        ),
    )
    op.create_index(op.f("ix_posts_campaign_id"), "posts", ["campaign_id"], unique=False)
    op.create_index(op.f("ix_posts_connected_account_id"), "posts", ["connected_account_id"], unique=False)
    op.create_index(op.f("ix_posts_publishing_job_id"), "posts", ["publishing_job_id"], unique=False)
    op.create_index(
        op.f("ix_posts_search_vector"), "posts", ["search_vector"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_posts_source_post_id"), "posts", ["source_post_id"], unique=False)
    op.create_index(op.f("ix_posts_user_id"), "posts", ["user_id"], unique=False)
    op.create_index(
        "ix_posts_workspace_id_content_type_created_at",
        "posts",
        ["workspace_id", "content_type", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_posts_workspace_id_created_at",
        "posts",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_posts_workspace_id_platform_created_at",
        "posts",
        ["workspace_id", "platform", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_posts_workspace_id_takedown_status_created_at",
        "posts",
        [
            "workspace_id",
            "takedown_status",
            sa.literal_column("created_at DESC"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
    )
    op.create_index(
        "uq_posts_source",
        "posts",
        ["workspace_id", "source_post_id", "platform", "connected_account_id"],
        unique=True,
        postgresql_where=sa.text("source_post_id IS NOT NULL"),
    )
    op.create_table(
        "post_analyses",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column(
            "tags", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("pain_points", sa.Text(), nullable=True),
        sa.Column("product_ideas", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("model", sa.String(length=100), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "post_id"],
            ["posts.workspace_id", "posts.id"],
            name=op.f("fk_post_analyses_workspace_id_post_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_post_analyses_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_analyses")),
        sa.UniqueConstraint("post_id", "language", name=op.f("uq_post_analyses_post_id_language")),
    )
    op.create_index(
        "ix_post_analyses_workspace_id_created_at",
        "post_analyses",
        ["workspace_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "media_files",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("original_url", sa.String(length=2048), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.String(length=2000), nullable=True),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hosted_url", sa.String(length=2048), nullable=True),
        sa.Column("file_type", sa.String(length=100), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_media_files_attempts")),
        sa.CheckConstraint("file_size >= 0", name=op.f("ck_media_files_file_size")),
        sa.CheckConstraint(
            "original_url IS NOT NULL OR file_id IS NOT NULL", name=op.f("ck_media_files_origin")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_media_files_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "file_id"],
            ["files.workspace_id", "files.id"],
            name=op.f("fk_media_files_workspace_id_file_id"),
            ondelete="SET NULL (file_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "post_id"],
            ["posts.workspace_id", "posts.id"],
            name=op.f("fk_media_files_workspace_id_post_id"),
            ondelete="SET NULL (post_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_media_files_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'downloading', 'downloaded', 'failed', 'unavailable')",
            name=op.f("ck_media_files_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_files")),
        sa.UniqueConstraint(
            "workspace_id",
            "user_id",
            "original_url",
            name=op.f("uq_media_files_workspace_id_user_id_original_url"),
        ),
    )
    op.create_index(op.f("ix_media_files_file_id"), "media_files", ["file_id"], unique=False)
    op.create_index(op.f("ix_media_files_post_id"), "media_files", ["post_id"], unique=False)
    op.create_index(op.f("ix_media_files_user_id"), "media_files", ["user_id"], unique=False)
    op.create_index(
        "ix_media_files_workspace_id_status_created_at",
        "media_files",
        ["workspace_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_workflows_workspace_id_source_post_id"),
        "workflows",
        "posts",
        ["workspace_id", "source_post_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (source_post_id)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_workflows_workspace_id_source_post_id"), "workflows", type_="foreignkey")
    op.drop_table("media_files")
    op.drop_table("post_analyses")
    op.drop_table("posts")
