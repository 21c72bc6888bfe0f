"""Outputs say what their thread and workflow are at, and count their words once, and only those that are shown."""

from alembic import op

revision = "20261123_12"
down_revision = "20261123_11"
branch_labels = None
depends_on = None

# Words are counted in a subquery of the columns, which is put off until rows are sorted and cut, and without a regular
# expression or translate(), which take four times as long. A thread is made with its workflow, in one transaction: by the workflow's time
# a list is read in its order from an index.
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
    CASE WHEN d.id IS NULL THEN '{}'::jsonb ELSE (
        SELECT d.metadata || jsonb_build_object(
            'word_count', coalesce(d.metadata -> 'word_count', to_jsonb(words.count)),
            'reading_time', coalesce(d.metadata -> 'reading_time', to_jsonb(ceil(words.count / 200.0)::int)),
            'keywords', coalesce(d.metadata -> 'keywords', '[]'::jsonb),
            'generated_at', d.created_at
        )
        FROM (SELECT cardinality(array_remove(string_to_array(replace(replace(replace(replace(
            d.content, E'\r', ''), E'\n', ' '), E'\t', ' '), E'\u00a0', ' '), ' '), '')) AS count OFFSET 0) words
    ) END AS metadata,
    w.created_at, p.updated_at, p.status AS thread_status, w.status AS workflow_status
FROM platform_states p
JOIN workflows w ON w.workspace_id = p.workspace_id AND w.id = p.workflow_id
LEFT JOIN drafts d ON d.workspace_id = p.workspace_id AND d.id = p.active_draft_id
"""
BEFORE = r"""
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
GRANT = "GRANT SELECT ON outputs TO proofroom_app, proofroom_service"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW outputs")
    op.execute(OUTPUTS)
    op.execute(GRANT)


def downgrade() -> None:
    op.execute("DROP VIEW outputs")
    op.execute(BEFORE)
    op.execute(GRANT)
