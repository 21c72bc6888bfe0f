"""What is on its way and nobody is to look after is found by an index. It is empty but for accidents, and for what waits for
a person."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_14"
down_revision = "20261123_13"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_platform_states_not_due": (
        "platform_states",
        "due_at IS NULL AND status IN ('generating', 'evaluating', 'accepted', 'scheduled', 'publishing')",
    ),
    "ix_files_unread": ("files", "extraction_status IN ('pending', 'processing')"),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (table, where) in INDEXES.items():
        op.create_index(name, table, ["updated_at"], postgresql_where=sa.text(where))


def downgrade() -> None:
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table)
