"""Without the list of threads by their status, which nobody asks for: each claim, decision and commit changes `due_at`, and
so writes every index of the row anew."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_08"
down_revision = "20261123_07"
branch_labels = None
depends_on = None

INDEX = "ix_platform_states_workspace_id_status_created_at"
NEWEST: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(INDEX, "platform_states")


def downgrade() -> None:
    op.create_index(INDEX, "platform_states", ["workspace_id", "status", *NEWEST])
