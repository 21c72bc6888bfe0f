"""What every upload has found out by the time its row is made is never unknown: a file's kind, size and hash."""

from alembic import op

revision = "20261123_23"
down_revision = "20261123_22"
branch_labels = None
depends_on = None

FILLED = ("mime_type", "size_bytes", "sha256")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in FILLED:
        op.alter_column("files", column, nullable=False)


def downgrade() -> None:
    for column in FILLED:
        op.alter_column("files", column, nullable=True)
