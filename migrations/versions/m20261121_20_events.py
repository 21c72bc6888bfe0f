"""Events, derived status and wake-ups by triggers; what a request may do to the ledger.

What a stream shows is what happened to the rows, whoever wrote them. A workflow's status is derived under a lock on
its row, so that two threads that end at the same moment do not each see the other unfinished.
"""

from alembic import op

revision = "20261121_20"
down_revision = "20261121_14"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """
CREATE FUNCTION record_event(_workspace_id uuid, _workflow_id uuid, _thread_id uuid, _service text, _status text,
    _error text, _milliseconds int, _event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO processing_logs (workspace_id, workflow_id, thread_id, service_name, status, error_message,
        processing_time_ms, event)
    VALUES (_workspace_id, _workflow_id, _thread_id, _service, _status, _error, _milliseconds,
        jsonb_build_object('workflow_id', _workflow_id) || jsonb_strip_nulls(_event));
    PERFORM pg_notify('proofroom_events', _workflow_id::text);
END $$
""",
    """
CREATE FUNCTION derive_workflow_status() RETURNS trigger
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
        FROM platform_states WHERE workflow_id = NEW.workflow_id
    ) s
    WHERE w.id = NEW.workflow_id AND w.status <> s.status;
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_thread_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE milliseconds int;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        milliseconds := least(extract(epoch FROM clock_timestamp() - OLD.updated_at) * 1000, 2147483647)::int;
    END IF;
    PERFORM record_event(NEW.workspace_id, NEW.workflow_id, NEW.id, 'threads', NEW.status, NEW.error, milliseconds,
        jsonb_build_object('type', 'thread.status', 'thread_id', NEW.id, 'platform', NEW.platform,
            'status', NEW.status, 'error', NEW.error));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_workflow_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM record_event(NEW.workspace_id, NEW.id, NULL, 'workflows', NEW.status, NULL, NULL,
        jsonb_build_object('type', 'workflow.status', 'status', NEW.status));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_draft() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM record_event(NEW.workspace_id, NEW.workflow_id, NEW.thread_id, 'drafts', 'created', NULL, NULL,
        jsonb_build_object('type', 'draft.created', 'thread_id', NEW.thread_id, 'platform', NEW.platform,
            'draft_id', NEW.id, 'source', NEW.source, 'sequence', NEW.sequence));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_evaluation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE d drafts%ROWTYPE;
BEGIN
    SELECT * INTO d FROM drafts WHERE id = NEW.draft_id;
    PERFORM record_event(NEW.workspace_id, d.workflow_id, d.thread_id, 'evaluations', 'created', NULL, NULL,
        jsonb_build_object('type', 'evaluation.created', 'thread_id', d.thread_id, 'platform', d.platform,
            'draft_id', NEW.draft_id, 'evaluation_id', NEW.id, 'score', NEW.score,
            'criteria_scores', NEW.criteria_scores, 'violations', jsonb_array_length(NEW.violations)));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_review() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE p platform_states%ROWTYPE;
BEGIN
    SELECT * INTO p FROM platform_states WHERE id = NEW.thread_id;
    PERFORM record_event(NEW.workspace_id, p.workflow_id, NEW.thread_id, 'reviews', NEW.status, NULL, NULL,
        jsonb_build_object('type', CASE WHEN NEW.status = 'pending' THEN 'review.requested' ELSE 'review.decided' END,
            'thread_id', NEW.thread_id, 'platform', p.platform, 'review_id', NEW.id, 'draft_id', NEW.draft_id,
            'status', NEW.status, 'decision', NEW.decision, 'decided_by', NEW.decided_by));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_job_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM record_event(NEW.workspace_id, NEW.workflow_id, NEW.thread_id, 'publishing', NEW.status,
        NEW.error ->> 'detail', NULL,
        jsonb_build_object('type', 'job.status', 'thread_id', NEW.thread_id, 'platform', NEW.platform,
            'job_id', NEW.id, 'status', NEW.status, 'scheduled_for', NEW.scheduled_for, 'error', NEW.error));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION log_post() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE j publishing_jobs%ROWTYPE;
BEGIN
    SELECT * INTO j FROM publishing_jobs WHERE id = NEW.publishing_job_id;
    PERFORM record_event(NEW.workspace_id, j.workflow_id, j.thread_id, 'posts', 'published', NULL, NULL,
        jsonb_build_object('type', 'post.published', 'thread_id', j.thread_id, 'platform', NEW.platform,
            'post_id', NEW.id, 'job_id', j.id, 'url', NEW.url, 'simulated', NEW.simulated));
    RETURN NULL;
END $$
""",
    """
CREATE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('proofroom_due', '');
    RETURN NULL;
END $$
""",
)

RECONCILE_JOB = """
CREATE FUNCTION reconcile_job(p_job_id uuid, p_outcome text, p_url text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    workspace uuid := nullif(current_setting('proofroom.workspace_id', true), '')::uuid;
    person text := nullif(current_setting('proofroom.user_id', true), '');
BEGIN
    UPDATE publishing_jobs SET
        status = CASE p_outcome WHEN 'published' THEN 'published' ELSE 'queued' END,
        published_at = CASE p_outcome WHEN 'published' THEN now() END,
        response_data = CASE p_outcome WHEN 'published'
            THEN jsonb_build_object('platform_post_id', p_url, 'url', p_url, 'reconciled_by', person) END,
        error = NULL
    WHERE id = p_job_id AND workspace_id = workspace AND status = 'unknown';
    IF FOUND THEN
        INSERT INTO publishing_attempts (workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence)
        VALUES (workspace, p_job_id, 'reconcile', now(), now(),
            CASE p_outcome WHEN 'published' THEN 'confirmed' ELSE 'absent' END,
            jsonb_strip_nulls(jsonb_build_object('by', person, 'url', p_url)));
    END IF;
END $$
"""

# Triggers of one event fire in the order of their names: a workflow's status follows what it is derived from.
TRIGGERS = (
    ("platform_states", "event", "INSERT", "", "log_thread_status"),
    (
        "platform_states",
        "event_changed",
        "UPDATE OF status",
        "OLD.status IS DISTINCT FROM NEW.status",
        "log_thread_status",
    ),
    (
        "platform_states",
        "workflow_status",
        "UPDATE OF status",
        "OLD.status IS DISTINCT FROM NEW.status",
        "derive_workflow_status",
    ),
    (
        "platform_states",
        "wake",
        "INSERT OR UPDATE OF due_at, lease_until",
        "NEW.due_at IS NOT NULL AND NEW.lease_until IS NULL",
        "wake_workers",
    ),
    (
        "workflows",
        "event",
        "UPDATE OF status",
        "OLD.status IS DISTINCT FROM NEW.status",
        "log_workflow_status",
    ),
    ("drafts", "event", "INSERT", "", "log_draft"),
    ("evaluations", "event", "INSERT", "", "log_evaluation"),
    ("reviews", "event", "INSERT", "", "log_review"),
    ("reviews", "event_changed", "UPDATE OF status", "OLD.status IS DISTINCT FROM NEW.status", "log_review"),
    ("publishing_jobs", "event", "INSERT", "", "log_job_status"),
    (
        "publishing_jobs",
        "event_changed",
        "UPDATE OF status",
        "OLD.status IS DISTINCT FROM NEW.status",
        "log_job_status",
    ),
    ("posts", "event", "INSERT", "NEW.publishing_job_id IS NOT NULL", "log_post"),
)
LOG_FUNCTIONS = (
    "log_thread_status",
    "log_workflow_status",
    "log_draft",
    "log_evaluation",
    "log_review",
    "log_job_status",
    "log_post",
    "derive_workflow_status",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in (*FUNCTIONS, RECONCILE_JOB):
        op.execute(function)
    for table, name, events, condition, function in TRIGGERS:
        when = f"WHEN ({condition}) " if condition else ""
        op.execute(
            f"CREATE TRIGGER trg_{table}_{name} AFTER {events} ON {table} "
            f"FOR EACH ROW {when}EXECUTE FUNCTION {function}()"
        )
    record = "record_event(uuid, uuid, uuid, text, text, text, int, jsonb)"
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    for signature in (record, "reconcile_job(uuid, text, text)", *(f"{name}()" for name in LOG_FUNCTIONS)):
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
    _as_service("GRANT EXECUTE ON FUNCTION reconcile_job(uuid, text, text) TO proofroom_app")
    op.execute("GRANT UPDATE (takedown_status) ON posts TO proofroom_app")
    op.execute("GRANT UPDATE (simulated) ON publishing_jobs TO proofroom_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (simulated) ON publishing_jobs FROM proofroom_app")
    op.execute("REVOKE UPDATE (takedown_status) ON posts FROM proofroom_app")
    for table, name, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER trg_{table}_{name} ON {table}")
    op.execute("DROP FUNCTION wake_workers()")
    for name in LOG_FUNCTIONS:
        _as_service(f"DROP FUNCTION {name}()")
    _as_service("DROP FUNCTION record_event(uuid, uuid, uuid, text, text, text, int, jsonb)")
    _as_service("DROP FUNCTION reconcile_job(uuid, text, text)")


def _as_service(statement: str) -> None:
    """A NOINHERIT login role acts for the functions' owner only while it has taken that role on."""
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(statement)
    op.execute("RESET ROLE")
