"""What a workspace's outputs and files come to is counted from an index alone, not from a page of the table for nearly each
row. Of threads it takes the place of two others: each claim and commit, which write all of a row's indexes, has one less."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_17"
down_revision = "20261123_16"
branch_labels = None
depends_on = None

FILES = "ix_files_workspace_id_project_id_created_at"
NEWEST: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]
ONCE = "uq_platform_states_workspace_id_workflow_id_platform"
BEFORE = "uq_platform_states_workflow_id_platform"
OF_WORKFLOW = "ix_platform_states_workspace_id_workflow_id"

DERIVE = """
CREATE OR REPLACE FUNCTION derive_workflow_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM workflows WHERE id = NEW.workflow_id FOR NO KEY UPDATE;
    UPDATE workflows w SET status = s.status
    FROM (
        SELECT CASE
            WHEN bool_or(status = 'awaiting_review') THEN 'awaiting_review'
            WHEN bool_or(status NOT IN ('published', 'rejected', 'failed', 'cancelled')) THEN 'running'
            WHEN bool_or(status = 'failed') THEN 'failed'
            WHEN bool_and(status = 'cancelled') THEN 'cancelled'
            ELSE 'completed'
        END AS status
        FROM platform_states WHERE {which}
    ) s
    WHERE w.id = NEW.workflow_id AND w.status <> s.status;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(FILES, "files")
    op.create_index(
        FILES, "files", ["workspace_id", "project_id", *NEWEST], postgresql_include=["size_bytes"]
    )
    op.execute(f"""
        ALTER TABLE platform_states ADD CONSTRAINT {ONCE}
        UNIQUE (workspace_id, workflow_id, platform) INCLUDE (status, epoch, active_draft_id)
    """)
    op.drop_constraint(BEFORE, "platform_states")
    op.drop_index(OF_WORKFLOW, "platform_states")
    _derive("workspace_id = NEW.workspace_id AND workflow_id = NEW.workflow_id")


def downgrade() -> None:
    _derive("workflow_id = NEW.workflow_id")
    op.create_index(OF_WORKFLOW, "platform_states", ["workspace_id", "workflow_id"])
    op.create_unique_constraint(BEFORE, "platform_states", ["workflow_id", "platform"])
    op.drop_constraint(ONCE, "platform_states")
    op.drop_index(FILES, "files")
    op.create_index(FILES, "files", ["workspace_id", "project_id", *NEWEST])


def _derive(which: str) -> None:
    """A NOINHERIT login role changes what another role owns only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(DERIVE.format(which=which))
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
