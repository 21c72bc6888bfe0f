"""A review knows its platform, by which the inbox is filtered: of 50,000 waiting ones all had to be looked at."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_65"
down_revision = "20261121_60"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("reviews", sa.Column("platform", sa.String(length=20)))
    # Nothing has happened to them: their times stay. The owner of the table is held to row security, and sees no rows.
    op.execute("ALTER TABLE reviews DISABLE TRIGGER trg_reviews_updated_at")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("UPDATE reviews r SET platform = p.platform FROM platform_states p WHERE p.id = r.thread_id")
    op.execute("RESET ROLE")
    op.execute("ALTER TABLE reviews ENABLE TRIGGER trg_reviews_updated_at")
    op.alter_column("reviews", "platform", nullable=False)
    op.create_check_constraint("platform", "reviews", "platform ~ '^[a-z][a-z0-9_]*$'")
    newest: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]
    op.create_index(
        "ix_reviews_workspace_id_status_platform_created_at",
        "reviews",
        ["workspace_id", "status", "platform", *newest],
    )


def downgrade() -> None:
    op.drop_column("reviews", "platform")
