"""A project's failed outputs are found by those that failed: looked at one by one, 5,000 that had not took 10 ms of a processor.
By the workflow alone, which every list of a project comes from: with the workspace before it, PostgreSQL took all failed ones
of the workspace for each workflow."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_20"
down_revision = "20261123_19"
branch_labels = None
depends_on = None

INDEX = "ix_platform_states_failed"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    failed = sa.text("status IN ('failed', 'cancelled')")
    op.create_index(INDEX, "platform_states", ["workflow_id"], postgresql_where=failed)


def downgrade() -> None:
    op.drop_index(INDEX, "platform_states")
