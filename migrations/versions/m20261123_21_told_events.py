"""Events inside their notifications, so that whoever is up to date need not read what was written.

Each notification says below which transaction all others are over, and so whether something older may still come. A
reading of a workflow's events says the same in a last row, as that of a workspace's does.
"""

from alembic import op

revision = "20261123_21"
down_revision = "20261123_20"
branch_labels = None
depends_on = None

# PostgreSQL notifies of less than 8,000 bytes; what is longer is read by whoever is told of it.
RECORD_EVENT = """
CREATE OR REPLACE FUNCTION record_event(_workspace_id uuid, _workflow_id uuid, _thread_id uuid, _service text,
    _status text, _error text, _milliseconds int, _event jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
    written text;
BEGIN
    INSERT INTO processing_logs (workspace_id, workflow_id, thread_id, service_name, status, error_message,
        processing_time_ms, event)
    VALUES (_workspace_id, _workflow_id, _thread_id, _service, _status, _error, _milliseconds,
        jsonb_build_object('workflow_id', _workflow_id) || jsonb_strip_nulls(_event))
    RETURNING id, event::text INTO number, written;
    PERFORM pg_notify('proofroom_events', concat_ws(' ', _workspace_id, _workflow_id, pg_current_xact_id(),
        pg_snapshot_xmin(pg_current_snapshot()), number, (extract(epoch FROM now()) * 1000000)::bigint,
        CASE WHEN octet_length(written) < 7800 THEN written END));
END $$
"""
WITHOUT_EVENT = """
CREATE OR REPLACE FUNCTION record_event(_workspace_id uuid, _workflow_id uuid, _thread_id uuid, _service text,
    _status text, _error text, _milliseconds int, _event jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO processing_logs (workspace_id, workflow_id, thread_id, service_name, status, error_message,
        processing_time_ms, event)
    VALUES (_workspace_id, _workflow_id, _thread_id, _service, _status, _error, _milliseconds,
        jsonb_build_object('workflow_id', _workflow_id) || jsonb_strip_nulls(_event));
    PERFORM pg_notify('proofroom_events', _workspace_id || ' ' || _workflow_id || ' ' || pg_current_xact_id());
END $$
"""
# A day to either side: an event's time is the beginning of its transaction, and clocks are set.
READ_EVENTS = """
CREATE OR REPLACE FUNCTION read_events(p_workspace_id uuid, p_workflow_id uuid, p_xid xid8, p_id bigint, p_limit int)
RETURNS TABLE (xid text, id bigint, event jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    since timestamptz := (SELECT w.created_at - interval '1 day' FROM workflows w
        WHERE w.id = p_workflow_id AND w.workspace_id = p_workspace_id);
    oldest xid8 := pg_snapshot_xmin(pg_current_snapshot());
    found_rows int;
BEGIN
    RETURN QUERY SELECT l.xid::text, l.id, l.event, l.created_at FROM processing_logs l
    WHERE l.workflow_id = p_workflow_id AND l.event IS NOT NULL
        AND l.created_at >= since AND l.created_at <= now() + interval '1 day'
        AND (l.xid, l.id) > (p_xid, p_id) AND l.xid < oldest
    ORDER BY l.xid, l.id LIMIT p_limit;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    IF found_rows < p_limit THEN
        RETURN QUERY SELECT oldest::text, 0::bigint, NULL::jsonb, NULL::timestamptz;
    END IF;
END $$
"""
WITHOUT_LAST_ROW = """
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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(RECORD_EVENT, READ_EVENTS)


def downgrade() -> None:
    _replace(WITHOUT_EVENT, WITHOUT_LAST_ROW)


def _replace(*functions: str) -> None:
    """Their owner replaces them: a NOINHERIT login role acts for that one only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    for function in functions:
        op.execute(function)
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
