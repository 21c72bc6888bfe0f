"""Reading a workspace's events, and naming the workspace in the notification of each.

The last row of a reading says how far nothing is still to come: the oldest transaction that still runs. So whoever
follows knows when it has seen what it was woken for, in a workspace in which nothing happens, too.
"""

from alembic import op

revision = "20261121_80"
down_revision = "20261121_75"
branch_labels = None
depends_on = None

# A year of months is made ahead, and each that a plan names costs its start. A day more than now: clocks are set. Planned
# once for each connection: anew for each look, because of the months, takes six times as long as the look.
READ_WORKSPACE_EVENTS = """
CREATE FUNCTION read_workspace_events(p_workspace_id uuid, p_xid xid8, p_id bigint, p_limit int)
RETURNS TABLE (xid text, id bigint, event jsonb, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    oldest xid8 := pg_snapshot_xmin(pg_current_snapshot());
    found_rows int;
BEGIN
    RETURN QUERY SELECT l.xid::text, l.id, l.event, l.created_at FROM processing_logs l
    WHERE l.workspace_id = p_workspace_id AND l.event IS NOT NULL AND l.created_at <= now() + interval '1 day'
        AND (l.xid, l.id) > (p_xid, p_id) AND l.xid < oldest
    ORDER BY l.xid, l.id LIMIT p_limit;
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    IF found_rows < p_limit THEN
        RETURN QUERY SELECT oldest::text, 0::bigint, NULL::jsonb, NULL::timestamptz;
    END IF;
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
OF_WORKFLOW = "_workflow_id || ' ' || pg_current_xact_id()"
OF_WORKSPACE = f"_workspace_id || ' ' || {OF_WORKFLOW}"
SIGNATURE = "read_workspace_events(uuid, xid8, bigint, integer)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(READ_WORKSPACE_EVENTS)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO proofroom_app")
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute(f"ALTER FUNCTION {SIGNATURE} OWNER TO proofroom_service")
    _as_service(RECORD_EVENT.format(payload=OF_WORKSPACE))
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    _as_service(RECORD_EVENT.format(payload=OF_WORKFLOW))
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
    _as_service(f"DROP FUNCTION {SIGNATURE}")


def _as_service(statement: str) -> None:
    """A NOINHERIT login role changes what another role owns only while it has taken that role on."""
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(statement)
    op.execute("RESET ROLE")
