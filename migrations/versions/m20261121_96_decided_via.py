"""What a decision was made through, where that was not the person's own doing: by a model, over MCP."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_96"
down_revision = "20261121_95"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("reviews", sa.Column("decided_via", sa.String(20), nullable=True))


def downgrade() -> None:
    op.drop_column("reviews", "decided_via")
