"""Reading a workflow's events looks into the months in which it lives, not into all that have been and will be.

A year of months is made ahead, and each that a plan names costs its start, full or empty. The workspace is compared
with the workflow's and not with each event's: an index that begins with it would be taken for as good as the workflow's.
"""

from alembic import op

revision = "20261121_70"
down_revision = "20261121_65"
branch_labels = None
depends_on = None

# A day to either side: an event's time is the beginning of its transaction, and clocks are set.
IN_ITS_MONTHS = """
CREATE OR REPLACE FUNCTION read_events(p_workspace_id uuid, p_workflow_id uuid, p_xid xid8, p_id bigint, p_limit int)
RETURNS TABLE (xid text, id bigint, event jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    since timestamptz := (SELECT w.created_at - interval '1 day' FROM workflows w
        WHERE w.id = p_workflow_id AND w.workspace_id = p_workspace_id);
BEGIN
    RETURN QUERY SELECT l.xid::text, l.id, l.event, l.created_at FROM processing_logs l
    WHERE l.workflow_id = p_workflow_id AND l.event IS NOT NULL
        AND l.created_at >= since AND l.created_at <= now() + interval '1 day'
        AND (l.xid, l.id) > (p_xid, p_id) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY l.xid, l.id LIMIT p_limit;
END $$
"""
IN_EVERY_MONTH = """
CREATE OR REPLACE FUNCTION read_events(p_workspace_id uuid, p_workflow_id uuid, p_xid xid8, p_id bigint, p_limit int)
RETURNS TABLE (xid text, id bigint, event jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT l.xid::text, l.id, l.event, l.created_at FROM processing_logs l
    WHERE l.workflow_id = p_workflow_id AND l.workspace_id = p_workspace_id AND l.event IS NOT NULL
        AND (l.xid, l.id) > (p_xid, p_id) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY l.xid, l.id LIMIT p_limit;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(IN_ITS_MONTHS)


def downgrade() -> None:
    _replace(IN_EVERY_MONTH)


def _replace(function: str) -> None:
    """Its owner replaces it: a NOINHERIT login role acts for that one only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(function)
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
