"""Reading a workflow's events in one call, and knowing from the notification whether all of them have been seen.

A stream looks after every commit that touches its workflow, and again while that commit is not yet to be seen.
"""

from alembic import op

revision = "20261121_47"
down_revision = "20261121_45"
branch_labels = None
depends_on = None

# Below the oldest transaction that still runs: what commits later can only be above it. In plpgsql it is planned once
# for each connection.
READ_EVENTS = """
CREATE FUNCTION read_events(p_workspace_id uuid, p_workflow_id uuid, p_xid xid8, p_id bigint, p_limit int)
RETURNS TABLE (xid text, id bigint, event jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT l.xid::text, l.id, l.event, l.created_at FROM processing_logs l
    WHERE l.workflow_id = p_workflow_id AND l.workspace_id = p_workspace_id AND l.event IS NOT NULL
        AND (l.xid, l.id) > (p_xid, p_id) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY l.xid, l.id LIMIT p_limit;
END $$
"""
RECORD_EVENT = """
CREATE OR REPLACE FUNCTION record_event(_workspace_id uuid, _workflow_id uuid, _thread_id uuid, _service text,
    _status text, _error text, _milliseconds int, _event jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO processing_logs (workspace_id, workflow_id, thread_id, service_name, status, error_message,
        processing_time_ms, event)
    VALUES (_workspace_id, _workflow_id, _thread_id, _service, _status, _error, _milliseconds,
        jsonb_build_object('workflow_id', _workflow_id) || jsonb_strip_nulls(_event));
    PERFORM pg_notify('proofroom_events', {payload});
END $$
"""
WITH_TRANSACTION = "_workflow_id || ' ' || pg_current_xact_id()"
SIGNATURE = "read_events(uuid, uuid, xid8, bigint, integer)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(READ_EVENTS)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO proofroom_app")
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute(f"ALTER FUNCTION {SIGNATURE} OWNER TO proofroom_service")
    _as_service(RECORD_EVENT.format(payload=WITH_TRANSACTION))
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    _as_service(RECORD_EVENT.format(payload="_workflow_id::text"))
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
    _as_service(f"DROP FUNCTION {SIGNATURE}")


def _as_service(statement: str) -> None:
    """A NOINHERIT login role changes what another role owns only while it has taken that role on."""
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(statement)
    op.execute("RESET ROLE")
