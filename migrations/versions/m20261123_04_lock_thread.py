"""A thread is locked and read in one call, and who waits for a run is woken by its end alone."""

from alembic import op

revision = "20261123_04"
down_revision = "20261123_03"
branch_labels = None
depends_on = None

# A function and not one statement: what is read after the lock is what was committed while it was awaited. A thread that
# has not begun has no row to lock, so the id itself is held by those who would begin it.
LOCK_THREAD = """
CREATE FUNCTION lock_thread(p_id uuid) RETURNS TABLE (graph_id text, status text, run_id uuid, due_later boolean, head text)
LANGUAGE plpgsql ROWS 1 SET search_path = pg_catalog, public, langgraph, pg_temp AS $$
BEGIN
    PERFORM FROM platform_states WHERE id = p_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(p_id::text, 0));
        PERFORM FROM platform_states WHERE id = p_id FOR UPDATE;
    END IF;
    RETURN QUERY SELECT t.graph_id::text, p.status::text, p.run_id,
        (p.due_at > now() AND p.lease_until IS NULL) IS TRUE, (
            SELECT k.checkpoint_id FROM checkpoints k WHERE k.thread_id = t.id::text AND k.checkpoint_ns = ''
            ORDER BY k.checkpoint_id DESC LIMIT 1
        )
    FROM threads t LEFT JOIN platform_states p ON p.id = t.id WHERE t.id = p_id AND t.deleted_at IS NULL;
END $$
"""
SIGNATURE = "lock_thread(uuid)"
FOLLOW_RUN = """
CREATE OR REPLACE FUNCTION follow_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, langgraph, procrastinate, pg_temp AS $$
DECLARE
    over text;
BEGIN
    IF NEW.status = 'cancelled' THEN
        over := 'interrupted';
    ELSIF OLD.lease_until IS NULL THEN
        IF NEW.lease_until IS NOT NULL THEN
            UPDATE runs SET status = 'running'
            WHERE id = NEW.run_id AND status = 'pending' AND begun_at IS NOT NULL;
        END IF;
    ELSIF NEW.status = 'publishing' THEN
        over := 'success';
    ELSIF NEW.lease_until IS NULL THEN
        over := CASE
            WHEN NEW.status = 'failed' THEN 'error'
            WHEN NEW.status IN ('awaiting_review', 'scheduled', 'published') OR NEW.due_at IS NULL THEN 'success'
            WHEN NEW.status = 'accepted' AND EXISTS (
                SELECT FROM publishing_jobs j WHERE j.review_id = (
                    SELECT id FROM reviews WHERE thread_id = NEW.id ORDER BY created_at DESC, id DESC LIMIT 1
                )
            ) THEN 'success'
        END;
    END IF;
    IF over IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE runs SET status = over, error = CASE WHEN over = 'error' THEN NEW.error END, last_checkpoint = (
        SELECT k.checkpoint_id FROM checkpoints k WHERE k.thread_id = NEW.id::text AND k.checkpoint_ns = ''
        ORDER BY k.checkpoint_id DESC LIMIT 1
    ) WHERE id = NEW.run_id AND begun_at IS NOT NULL;
    UPDATE platform_states SET run_id = NULL WHERE id = NEW.id;
    IF EXISTS (SELECT FROM runs WHERE thread_id = NEW.id AND begun_at IS NULL AND status = 'pending') THEN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'take_turn', 0, NULL, NULL,
            jsonb_build_object('workspace_id', NEW.workspace_id, 'thread_id', NEW.id), NULL
        )::procrastinate_job_to_defer_v1]);
    END IF;
    PERFORM pg_notify('proofroom_events', NEW.workspace_id || ' ' || NEW.workflow_id || ' ' || pg_current_xact_id());
    {tell}
    RETURN NULL;
END $$
"""
TELL = "PERFORM pg_notify('proofroom_events', NEW.workspace_id || ' ' || NEW.run_id || ' ' || pg_current_xact_id());"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(LOCK_THREAD)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO proofroom_app")
    _follow_run(TELL)


def downgrade() -> None:
    _follow_run("")
    op.execute(f"DROP FUNCTION {SIGNATURE}")


def _follow_run(tell: str) -> None:
    """A NOINHERIT login role changes what another role owns only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(FOLLOW_RUN.format(tell=tell))
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
