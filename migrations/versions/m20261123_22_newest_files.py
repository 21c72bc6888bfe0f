"""The newest files of a workspace, which the form for new drafts offers, are read from an index in their order: all of the
workspace's were, 12,000 pages of 30,000 files. Nobody lists files by how far their text is."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_22"
down_revision = "20261123_21"
branch_labels = None
depends_on = None

BEFORE = "ix_files_workspace_id_extraction_status_created_at"
AFTER = "ix_files_workspace_id_created_at"
NEWEST: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(AFTER, "files", ["workspace_id", *NEWEST])
    op.drop_index(BEFORE, "files")


def downgrade() -> None:
    op.create_index(BEFORE, "files", ["workspace_id", "extraction_status", *NEWEST])
    op.drop_index(AFTER, "files")
