"""The view `outputs`, and the months of partitioned tables."""

from alembic import op

revision = "20261121_14"
down_revision = "20261121_13"
branch_labels = None
depends_on = None

OUTPUTS = r"""
CREATE VIEW outputs WITH (security_invoker = true) AS
SELECT p.id, p.workspace_id, w.user_id, w.project_id, p.workflow_id, p.platform,
    CASE p.platform WHEN 'blog' THEN 'blog' WHEN 'email' THEN 'email' ELSE 'social' END AS kind,
    CASE
        WHEN p.status IN ('failed', 'cancelled') THEN 'failed'
        WHEN p.status NOT IN ('generating', 'evaluating') THEN 'completed'
        WHEN p.epoch = 0 THEN 'queued'
        ELSE 'processing'
    END AS status,
    coalesce(w.template_input, w.manual_options) AS request,
    d.content AS body,
    CASE WHEN d.id IS NULL THEN '{}'::jsonb ELSE d.metadata || jsonb_build_object(
        'word_count', coalesce(d.metadata -> 'word_count', to_jsonb(words.count)),
        'reading_time', coalesce(d.metadata -> 'reading_time', to_jsonb(ceil(words.count / 200.0)::int)),
        'keywords', coalesce(d.metadata -> 'keywords', '[]'::jsonb),
        'generated_at', d.created_at
    ) END AS metadata,
    p.created_at, p.updated_at
FROM platform_states p
JOIN workflows w ON w.workspace_id = p.workspace_id AND w.id = p.workflow_id
LEFT JOIN drafts d ON d.workspace_id = p.workspace_id AND d.id = p.active_draft_id
CROSS JOIN LATERAL (SELECT array_length(regexp_split_to_array(btrim(d.content), '\s+'), 1) AS count) words
"""

# They change tables, so they run as the tables' owner, and give up rather than make everybody wait for a lock.
MAKE_PARTITIONS = """
CREATE FUNCTION make_partitions(p_months int DEFAULT 12) RETURNS int LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    parent regclass;
    month timestamptz;
    child text;
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
    FOR parent IN
        SELECT p.partrelid FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        WHERE c.relnamespace = 'public'::regnamespace
    LOOP
        FOR month IN
            SELECT generate_series(date_trunc('month', now()), now() + make_interval(months => p_months), '1 month')
        LOOP
            child := format('%s_y%sm%s', parent, to_char(month, 'YYYY'), to_char(month, 'MM'));
            IF to_regclass(format('public.%I', child)) IS NULL THEN
                EXECUTE format('CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                    child, parent, month, month + interval '1 month');
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$
"""

DETACH_PARTITIONS = r"""
CREATE FUNCTION detach_partitions(p_keep interval) RETURNS int LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    parent regclass;
    child text;
    detached int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('make_partitions'));
    FOR parent, child IN
        SELECT i.inhparent::regclass, c.relname::text
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relispartition AND c.relname ~ '_y\d{4}m\d{2}$'
            AND to_timestamp(right(c.relname, 7), 'YYYY"m"MM') + interval '1 month' < now() - p_keep
    LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION public.%I', parent, child);
        detached := detached + 1;
    END LOOP;
    RETURN detached;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(OUTPUTS)
    op.execute("GRANT SELECT ON outputs TO proofroom_app, proofroom_service")
    op.execute(MAKE_PARTITIONS)
    op.execute(DETACH_PARTITIONS)
    for function in ("make_partitions(int)", "detach_partitions(interval)"):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO proofroom_service")


def downgrade() -> None:
    op.execute("DROP FUNCTION detach_partitions(interval)")
    op.execute("DROP FUNCTION make_partitions(int)")
    op.execute("DROP VIEW outputs")
