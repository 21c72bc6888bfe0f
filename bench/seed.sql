-- Rows as a year of use leaves them: threads two by two (LinkedIn and X) in workflows, the older ones published, the
-- newest waiting for a person; every second workflow in the big workspace, the others spread over the small ones.
-- Runs as a superuser with session_replication_role = replica: no trigger fires, and what triggers make is made here.
-- `wanted` (threads_published, threads_waiting, extra_drafts, workspaces, big, pattern) is there already, and the rows of
-- one paused thread, the pattern.

-- UUIDv7: 48 bits of milliseconds, then what kind of row it is and its number.
CREATE FUNCTION pg_temp.id7(kind int, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(int8send(((extract(epoch FROM at) * 1000)::bigint << 16) | 28672 | kind)
        || int8send(n | (1::bigint << 63)), 'hex')::uuid
$$;
CREATE FUNCTION pg_temp.digest(words text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(words, 'UTF8')), 'hex')
$$;
-- As core.content has it, for plain ASCII without quotes.
CREATE FUNCTION pg_temp.content_hash(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.digest(format('{"content":"%s","media":[],"metadata":{}}', content))
$$;
CREATE FUNCTION pg_temp.approved_hash(content text, account uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.digest(format('{"account_id":"%s","content":"%s","media":[],"metadata":{}}', account, content))
$$;
CREATE FUNCTION pg_temp.seen_hash(content text, account uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.digest(format('{"account_id":"%s","content":"%s","media":[],"metadata":{},"schedule_for":null}',
        account, content))
$$;
-- 220 characters for X, 900 for LinkedIn, no two alike.
CREATE FUNCTION pg_temp.words(platform text, n bigint, attempt int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('Release %s.%s of plan%s: ', n % 97, attempt, n) || left(repeat('We have shipped what our readers '
        'asked for, measured it on real work, and wrote down what it costs and where it ends. ', 8),
        CASE platform WHEN 'x' THEN 190 ELSE 860 END)
$$;

-- Sorted all at once, an index is made in a fraction of the time that as many insertions take.
SET maintenance_work_mem = '256MB';
CREATE TEMP TABLE index_to_make AS
SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname IN ('workflows', 'threads', 'platform_states', 'drafts', 'evaluations', 'token_usage', 'reviews',
        'publishing_jobs', 'publishing_attempts', 'posts')
    AND t.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid);
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT * FROM index_to_make LOOP
        EXECUTE format('DROP INDEX %s', made.name);
    END LOOP;
END $$;

CREATE TEMP TABLE place AS
SELECT n, CASE n WHEN 0 THEN coalesce(w.big, u.id) ELSE u.id END AS workspace_id,
    CASE WHEN n = 0 AND w.big IS NOT NULL THEN m.user_id ELSE u.id END AS user_id,
    n = 0 AND w.big IS NOT NULL AS is_there
FROM wanted w CROSS JOIN generate_series(0, w.workspaces) n
CROSS JOIN LATERAL (SELECT pg_temp.id7(0, n, now() - interval '1 year') AS id) u
LEFT JOIN LATERAL (
    SELECT user_id FROM workspace_members WHERE workspace_id = w.big AND role = 'owner' ORDER BY created_at LIMIT 1
) m ON true;

INSERT INTO users (id, username, external_issuer, external_subject)
SELECT user_id, 'seeded-' || n, 'https://issuer.example', 'seeded-' || n FROM place WHERE NOT is_there;
INSERT INTO workspaces (id, name, slug, personal_user_id)
SELECT workspace_id, 'Seeded ' || n, 'seeded-' || n, user_id FROM place WHERE NOT is_there;
INSERT INTO workspace_members (workspace_id, user_id, role)
SELECT workspace_id, user_id, 'owner' FROM place WHERE NOT is_there;
INSERT INTO connected_accounts (id, workspace_id, user_id, platform, platform_user_id, username, status, simulated)
SELECT pg_temp.id7(1, n * 2 + number, now() - interval '1 year'), workspace_id, user_id, platform, 'seeded-' || n,
    'seeded-' || n, 'disconnected', true
FROM place CROSS JOIN unnest(ARRAY['linkedin', 'x']) WITH ORDINALITY AS p(platform, number);

CREATE TEMP TABLE thread AS
SELECT w.n, pg_temp.id7(3, w.n, at) AS id, pg_temp.id7(2, w.n / 2, at) AS workflow_id, p.workspace_id, p.user_id,
    t.platform, at, w.n >= threads_published AS waits, a.id AS account_id,
    1 + ((w.n + 1) * extra_drafts / threads - w.n * extra_drafts / threads)::int AS drafts
FROM (
    SELECT *, threads_published + threads_waiting AS threads
    FROM wanted CROSS JOIN LATERAL generate_series(0, threads_published + threads_waiting - 1) n
) w
CROSS JOIN LATERAL (SELECT
    (ARRAY['linkedin', 'x'])[1 + n % 2] AS platform,
    now() - interval '1 hour' - (threads - n / 2 * 2) * (interval '1 year' / threads) AS at,
    CASE n / 2 % 2 WHEN 0 THEN 0 ELSE 1 + n / 4 % workspaces END AS place
) t
JOIN place p ON p.n = t.place
JOIN connected_accounts a ON a.workspace_id = p.workspace_id AND a.platform = t.platform
    AND a.platform_user_id = 'seeded-' || p.n;
ANALYZE thread;

INSERT INTO workflows (id, workspace_id, user_id, status, source_content, manual_options, created_at, updated_at)
SELECT workflow_id, workspace_id, user_id,
    CASE WHEN waits THEN 'awaiting_review' WHEN at < now() - interval '89 days' THEN 'archived' ELSE 'completed' END,
    jsonb_build_object('type', 'text', 'url', NULL, 'title', NULL, 'text', pg_temp.words('linkedin', n, 0)),
    '{"quality_bar": 80, "max_rounds": 3}', at, at + interval '3 minutes'
FROM thread WHERE platform = 'linkedin';

INSERT INTO threads (id, workspace_id, graph_id, status, created_at, updated_at)
SELECT id, workspace_id, platform, CASE WHEN waits THEN 'interrupted' ELSE 'idle' END, at, at + interval '3 minutes'
FROM thread;

CREATE TEMP TABLE draft AS
SELECT t.*, sequence, md5(t.id || ':' || sequence)::uuid AS draft_id, pg_temp.words(platform, n, sequence) AS content
FROM thread t CROSS JOIN LATERAL generate_series(0, drafts - 1) sequence;

INSERT INTO drafts (id, workspace_id, workflow_id, thread_id, platform, content, content_hash, source, based_on_id,
    sequence, iteration, model, prompt_hash, created_at, updated_at)
SELECT draft_id, workspace_id, workflow_id, id, platform, content, pg_temp.content_hash(content), 'ai',
    CASE sequence WHEN 1 THEN md5(id || ':0')::uuid END, sequence, sequence, 'gpt-5-mini', pg_temp.digest(platform),
    at + sequence * interval '20 seconds', at + sequence * interval '20 seconds'
FROM draft;

INSERT INTO evaluations (id, workspace_id, draft_id, score, feedback, criteria_scores, findings, model, prompt_hash,
    created_at, updated_at)
SELECT md5(draft_id::text)::uuid, workspace_id, draft_id, 60 + 20 * sequence + n % 20,
    'Clear, and true to its source; say what it costs.',
    '{"accuracy": 80, "clarity": 80, "engagement": 80, "style": 80, "fit": 80}',
    (SELECT jsonb_object_agg(name, '{"quote": "what it costs and where it ends", "instruction": "Name the price."}'::jsonb)
     FROM unnest(ARRAY['accuracy', 'clarity', 'engagement', 'style', 'fit']) name),
    'gpt-5-mini', pg_temp.digest('critic'), at + sequence * interval '20 seconds', at + sequence * interval '20 seconds'
FROM draft;

INSERT INTO token_usage (id, workspace_id, workflow_id, thread_id, draft_id, service, model, prompt_hash,
    input_tokens, output_tokens, cost_usd, latency_ms, status, created_at, updated_at)
SELECT pg_temp.id7(4 + call::int, n * 2 + sequence, at), workspace_id, workflow_id, id, draft_id, service, 'gpt-5-mini',
    pg_temp.digest(service), 1500, 300, 0.000975, 4000, 'completed', at + sequence * interval '20 seconds',
    at + sequence * interval '20 seconds'
FROM draft CROSS JOIN unnest(ARRAY['writer', 'critic']) WITH ORDINALITY AS c(service, call);

INSERT INTO platform_states (id, workspace_id, workflow_id, platform, status, active_draft_id, iteration, epoch,
    created_at, updated_at)
SELECT id, workspace_id, workflow_id, platform, CASE WHEN waits THEN 'awaiting_review' ELSE 'published' END, draft_id,
    sequence, CASE WHEN waits THEN 1 ELSE 2 END, at, at + interval '3 minutes'
FROM draft WHERE sequence = drafts - 1;

INSERT INTO reviews (id, workspace_id, thread_id, draft_id, platform, interrupt_id, status, seen_hash, connected_account_id,
    decision, approved_hash, decided_by, decided_at, created_at, updated_at)
SELECT pg_temp.id7(7, n, at), workspace_id, id, draft_id, platform, md5(id::text),
    CASE WHEN waits THEN 'pending' ELSE 'decided' END, pg_temp.seen_hash(content, account_id), account_id,
    CASE WHEN NOT waits THEN 'accept' END, CASE WHEN NOT waits THEN pg_temp.approved_hash(content, account_id) END,
    CASE WHEN NOT waits THEN user_id END, CASE WHEN NOT waits THEN at + interval '2 minutes' END,
    at + interval '1 minute', at + interval '2 minutes'
FROM draft WHERE sequence = drafts - 1;

INSERT INTO publishing_jobs (id, workspace_id, workflow_id, thread_id, draft_id, review_id, connected_account_id,
    platform, status, published_at, attempts, first_attempt_at, deadline, idempotency_key, approved_hash, simulated,
    response_data, created_at, updated_at)
SELECT md5('job:' || id)::uuid, workspace_id, workflow_id, id, draft_id, pg_temp.id7(7, n, at), account_id, platform,
    'published', at + interval '3 minutes', 1, at + interval '2 minutes', at + interval '3 minutes',
    pg_temp.id7(7, n, at) || ':' || account_id, pg_temp.approved_hash(content, account_id), true,
    jsonb_build_object('platform_post_id', 'seeded-' || n, 'url', 'https://example.com/seeded-' || n),
    at + interval '2 minutes', at + interval '3 minutes'
FROM draft WHERE NOT waits AND sequence = drafts - 1;

INSERT INTO publishing_attempts (id, workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, created_at,
    updated_at)
SELECT pg_temp.id7(8, n, at), workspace_id, md5('job:' || id)::uuid, 'publish', at + interval '2 minutes',
    at + interval '3 minutes', 'confirmed', at + interval '3 minutes', at + interval '3 minutes'
FROM thread WHERE NOT waits;

INSERT INTO posts (id, workspace_id, connected_account_id, user_id, publishing_job_id, platform, platform_post_id, url,
    text_content, content_hash, created_at_platform, published, simulated, search_vector, created_at, updated_at)
SELECT pg_temp.id7(9, n, at), workspace_id, account_id, user_id, md5('job:' || id)::uuid, platform, 'seeded-' || n,
    'https://example.com/seeded-' || n, content, pg_temp.content_hash(content), at + interval '3 minutes', true, true,
    to_tsvector('pg_catalog.simple', content), at + interval '3 minutes', at + interval '3 minutes'
FROM draft WHERE NOT waits AND sequence = drafts - 1;

-- Logs are kept for 90 days, and their partitions made from the first month of use on.
DO $$
DECLARE
    month timestamptz;
BEGIN
    SET LOCAL timezone = 'UTC';
    FOR month IN SELECT generate_series(date_trunc('month', now() - interval '90 days'), now(), interval '1 month') LOOP
        IF to_regclass(format('processing_logs_y%sm%s', to_char(month, 'YYYY'), to_char(month, 'MM'))) IS NULL THEN
            EXECUTE format('CREATE TABLE processing_logs_y%sm%s PARTITION OF processing_logs FOR VALUES FROM (%L) TO (%L)',
                to_char(month, 'YYYY'), to_char(month, 'MM'), month, month + interval '1 month');
        END IF;
    END LOOP;
END $$;

INSERT INTO processing_logs (workspace_id, workflow_id, thread_id, service_name, status, event, created_at, updated_at)
SELECT workspace_id, workflow_id, id, service, e.status, jsonb_build_object('workflow_id', workflow_id, 'type', type,
    'thread_id', id, 'platform', platform, 'status', e.status, 'draft_id', draft_id), at + minutes * interval '1 minute',
    at + minutes * interval '1 minute'
FROM draft CROSS JOIN (VALUES
    (false, 0, 'drafts', 'created', 'draft.created'),
    (false, 0, 'evaluations', 'created', 'evaluation.created'),
    (false, 1, 'threads', 'awaiting_review', 'thread.status'),
    (false, 1, 'reviews', 'pending', 'review.requested'),
    (false, 1, 'workflows', 'awaiting_review', 'workflow.status'),
    (true, 2, 'reviews', 'decided', 'review.decided'),
    (true, 2, 'threads', 'accepted', 'thread.status'),
    (true, 2, 'publishing', 'publishing', 'job.status'),
    (true, 2, 'threads', 'publishing', 'thread.status'),
    (true, 3, 'publishing', 'published', 'job.status'),
    (true, 3, 'posts', 'published', 'post.published'),
    (true, 3, 'threads', 'published', 'thread.status')
) e(decided, minutes, service, status, type)
WHERE at > now() - interval '90 days' AND NOT (decided AND waits)
    AND (sequence = drafts - 1 OR service IN ('drafts', 'evaluations'))
ORDER BY at, n;

INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
SELECT t.id, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id, c.type, c.checkpoint, c.metadata
FROM wanted w JOIN checkpoints c ON c.thread_id = w.pattern CROSS JOIN thread t WHERE t.waits;
INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
SELECT t.id, b.checkpoint_ns, b.channel, b.version, b.type, b.blob
FROM wanted w JOIN checkpoint_blobs b ON b.thread_id = w.pattern CROSS JOIN thread t WHERE t.waits;
INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, blob)
SELECT t.id, r.checkpoint_ns, r.checkpoint_id, r.task_id, r.task_path, r.idx, r.channel, r.type, r.blob
FROM wanted w JOIN checkpoint_writes r ON r.thread_id = w.pattern CROSS JOIN thread t WHERE t.waits;
DELETE FROM checkpoints USING wanted WHERE thread_id = pattern;
DELETE FROM checkpoint_blobs USING wanted WHERE thread_id = pattern;
DELETE FROM checkpoint_writes USING wanted WHERE thread_id = pattern;

DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT * FROM index_to_make LOOP
        EXECUTE made.definition;
    END LOOP;
END $$;
