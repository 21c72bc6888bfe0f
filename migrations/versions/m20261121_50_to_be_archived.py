"""Workflows that are still to be archived, found without a look at those that have been."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_50"
down_revision = "20261121_47"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_workflows_updated_at",
        "workflows",
        ["updated_at"],
        postgresql_where=sa.text("status = 'completed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_workflows_updated_at", "workflows")
