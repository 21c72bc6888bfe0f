"""A thread that was deleted over LangGraph's protocol: gone there, while its drafts and its ledger stay."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_91"
down_revision = "20261121_90"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("threads", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("threads", "deleted_at")
