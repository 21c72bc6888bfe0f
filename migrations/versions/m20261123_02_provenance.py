"""What of the source each sentence of a draft rests on, and what of a draft rests on nothing in it.

Both stand beside the words, outside of every hash: they may be found anew without voiding an approval.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_02"
down_revision = "20261123_01"
branch_labels = None
depends_on = None

COLUMNS = (("drafts", "provenance"), ("evaluations", "ungrounded"))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in COLUMNS:
        kind = postgresql.JSONB(astext_type=sa.Text())
        op.add_column(table, sa.Column(column, kind, nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    for table, column in COLUMNS:
        op.drop_column(table, column)
