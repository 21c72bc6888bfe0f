"""Whether another try may get a file's text is kept with the reason that it failed for: an archive stays one. What failed
before may have failed for either."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_24"
down_revision = "20261123_23"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("files", sa.Column("retryable", sa.Boolean(), server_default=sa.false(), nullable=False))
    # An UPDATE would see no row: security holds the owner of the tables, too.
    op.execute("ALTER TABLE files ALTER COLUMN retryable TYPE boolean USING extraction_status = 'failed'")


def downgrade() -> None:
    op.drop_column("files", "retryable")
