"""A project's files, the newest first, by one index that names the workspace as well, as every statement under row security
does: from the one without it PostgreSQL took all of a project's files, and sorted them for each page."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_15"
down_revision = "20261123_14"
branch_labels = None
depends_on = None

BEFORE = "ix_files_project_id_created_at"
AFTER = "ix_files_workspace_id_project_id_created_at"
NEWEST: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(AFTER, "files", ["workspace_id", "project_id", *NEWEST])
    op.drop_index(BEFORE, "files")


def downgrade() -> None:
    op.create_index(BEFORE, "files", ["project_id", *NEWEST])
    op.drop_index(AFTER, "files")
