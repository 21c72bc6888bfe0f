"""When a feed had an entry last, so that those it has no more need not be kept for ever."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_19"
down_revision = "20261123_18"
branch_labels = None
depends_on = None

TABLE = "feed_entries"
INDEX = "ix_feed_entries_feed_id_seen_at"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    seen_at = sa.Column(
        "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
    op.add_column(TABLE, seen_at)
    op.create_index(INDEX, TABLE, ["feed_id", "seen_at"])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.drop_column(TABLE, "seen_at")
