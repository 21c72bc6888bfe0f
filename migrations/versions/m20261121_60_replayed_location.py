"""Where a replayed answer says that the thing is which it made."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_60"
down_revision = "20261121_50"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("location", sa.String(2048), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "location")
