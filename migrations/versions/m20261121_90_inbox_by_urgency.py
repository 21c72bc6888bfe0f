"""The inbox by urgency: what is due first, then what has waited longest; only what is pending is in these indexes."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_90"
down_revision = "20261121_85"
branch_labels = None
depends_on = None

DUE: list[Any] = [sa.text("coalesce(due_at, 'infinity')"), "created_at", "id"]
INDEXES: dict[str, list[Any]] = {
    "ix_reviews_due": ["workspace_id", *DUE],
    "ix_reviews_platform_due": ["workspace_id", "platform", *DUE],
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, columns in INDEXES.items():
        op.create_index(name, "reviews", columns, postgresql_where=sa.text("status = 'pending'"))


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "reviews")
