-- A year of a library: each of `users` people has a workspace of their own, ten projects, thirty files and their share of
-- `outputs`, two to a workflow (blog and LinkedIn), of 2 KB each. A tenth of everything is in the first workspace, and a
-- tenth of that in its first project.
-- Runs as a superuser with session_replication_role = replica: no trigger fires. `wanted` (users, outputs) is there already.

CREATE FUNCTION pg_temp.id7(kind int, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(int8send(((extract(epoch FROM at) * 1000)::bigint << 16) | 28672 | kind)
        || int8send(n | (1::bigint << 63)), 'hex')::uuid
$$;

SET maintenance_work_mem = '256MB';
CREATE TEMP TABLE index_to_make AS
SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname IN ('projects', 'files', 'workflows', 'threads', 'platform_states', 'drafts')
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

CREATE TEMP TABLE person AS
SELECT n, pg_temp.id7(0, n, now() - interval '1 year') AS id FROM wanted, generate_series(0, users - 1) n;
INSERT INTO users (id, username, external_issuer, external_subject)
SELECT id, 'seeded-' || n, 'https://issuer.example', 'user_' || n FROM person;
INSERT INTO workspaces (id, name, slug, personal_user_id) SELECT id, 'Seeded ' || n, 'seeded-' || n, id FROM person;
INSERT INTO workspace_members (workspace_id, user_id, role) SELECT id, id, 'owner' FROM person;

-- Ten for each; the first workspace has a tenth of all.
CREATE TEMP TABLE project AS
SELECT k AS n, pg_temp.id7(1, k, at) AS id, p.id AS workspace_id, at
FROM wanted CROSS JOIN LATERAL generate_series(0, users * 10 - 1) k
CROSS JOIN LATERAL (SELECT now() - k * (interval '1 year' / (users * 10)) AS at) t
JOIN person p ON p.n = CASE WHEN k % 10 = 0 THEN 0 ELSE k % users END;
CREATE UNIQUE INDEX ON project (n);
ANALYZE project;
INSERT INTO projects (id, workspace_id, user_id, title, description, created_at, updated_at)
SELECT id, workspace_id, workspace_id, 'Project ' || n, 'What was said about it in the spring.', at, at FROM project;

-- The project of the n-th thing: each tenth is of the first workspace, and each hundredth of its first project.
CREATE FUNCTION pg_temp.place(n bigint, projects bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN n % 100 = 0 THEN 0 ELSE n % projects END
$$;

INSERT INTO files (id, workspace_id, project_id, user_id, name, path, mime_type, size_bytes, sha256, extraction_status,
    created_at, updated_at)
SELECT pg_temp.id7(2, k, t.at), p.workspace_id, p.id, p.workspace_id, 'talk-' || k || '.mp3',
    format('%s/%s/%s.mp3', p.workspace_id, p.id, pg_temp.id7(2, k, t.at)), 'audio/mpeg', 10485760, sha256(int8send(k)),
    CASE k % 50 WHEN 1 THEN 'failed' ELSE 'completed' END, t.at, t.at
FROM wanted CROSS JOIN LATERAL generate_series(0, users * 30 - 1) k
CROSS JOIN LATERAL (SELECT now() - k * (interval '1 year' / (users * 30)) AS at) t
JOIN project p ON p.n = pg_temp.place(k, users * 10);

CREATE TEMP TABLE brief AS
SELECT k AS n, pg_temp.id7(3, k, t.at) AS id, p.workspace_id, p.id AS project_id, t.at, CASE
    WHEN k % 40 = 7 THEN 'failed' WHEN t.at > now() - interval '1 day' THEN 'running'
    WHEN t.at > now() - interval '91 days' THEN 'completed' ELSE 'archived' END AS status
FROM wanted CROSS JOIN LATERAL generate_series(0, outputs / 2 - 1) k
CROSS JOIN LATERAL (SELECT now() - k * (interval '1 year' / (outputs / 2)) AS at) t
JOIN project p ON p.n = pg_temp.place(k, users * 10);
INSERT INTO workflows (id, workspace_id, user_id, project_id, status, source_content, manual_options, created_at, updated_at)
SELECT id, workspace_id, workspace_id, project_id, status, '{"type": "text", "text": "Release notes."}',
    '{"topic": "AI and Content Creation", "tone_of_voice": "professional", "quality_bar": 80}', at, at FROM brief;

CREATE TEMP TABLE output AS
SELECT b.*, pg_temp.id7(4 + number::int, b.n, b.at) AS thread_id, platform,
    pg_temp.id7(6 + number::int, b.n, b.at) AS draft_id
FROM brief b CROSS JOIN unnest(ARRAY['blog', 'linkedin']) WITH ORDINALITY AS p(platform, number);
INSERT INTO threads (id, workspace_id, graph_id, status, created_at, updated_at)
SELECT thread_id, workspace_id, platform, 'idle', at, at FROM output;
INSERT INTO drafts (id, workspace_id, workflow_id, thread_id, platform, content, metadata, content_hash, source, created_at,
    updated_at)
SELECT draft_id, workspace_id, id, thread_id, platform,
    format(E'# Release %s\n\n', n) || repeat('We have shipped what readers asked for and say what it costs. ', 33),
    '{"title": "A release", "keywords": ["AI", "content"]}', repeat('ab', 32), 'ai', at, at
FROM output;
INSERT INTO platform_states (id, workspace_id, workflow_id, platform, status, active_draft_id, epoch, due_at, created_at,
    updated_at)
SELECT thread_id, workspace_id, id, platform, CASE status WHEN 'failed' THEN 'failed' WHEN 'running' THEN 'generating'
    ELSE 'published' END, draft_id, 1, CASE status WHEN 'running' THEN now() END, at, at
FROM output;

DO $$
DECLARE
    made record;
BEGIN
    FOR made IN SELECT * FROM index_to_make LOOP
        EXECUTE made.definition;
    END LOOP;
END $$;
