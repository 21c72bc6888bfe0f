"""Triggers: times, the audit, immutable drafts, search, and templates of the right workspace."""

from alembic import op

revision = "20261121_11"
down_revision = "20261121_10"
branch_labels = None
depends_on = None

TABLES = [
    "users",
    "profiles",
    "user_sessions",
    "workspaces",
    "workspace_members",
    "invitations",
    "api_keys",
    "idempotency_keys",
    "projects",
    "campaigns",
    "files",
    "resources",
    "templates",
    "connected_accounts",
    "rate_limits",
    "workflows",
    "threads",
    "drafts",
    "evaluations",
    "platform_states",
    "reviews",
    "review_comments",
    "guest_links",
    "publishing_jobs",
    "publishing_attempts",
    "posts",
    "post_analyses",
    "media_files",
    "token_usage",
    "budgets",
    "processing_logs",
    "audit_logs",
]

# Table: which updates, what is not shown.
AUDITED = {
    "users": (
        "UPDATE",
        "'email', 'email_index', 'hashed_password', 'external_subject', 'username', 'display_name', 'avatar_url'",
    ),
    "user_sessions": ("UPDATE OF revoked_at", "'token_hash', 'ip', 'user_agent'"),
    "workspaces": ("UPDATE", ""),
    "workspace_members": ("UPDATE", ""),
    "invitations": ("UPDATE", "'email', 'email_index', 'token_hash'"),
    "api_keys": ("UPDATE OF name, scopes, expires_at, revoked_at", "'key_hash'"),
    "connected_accounts": (
        "UPDATE OF credentials, status, base_url, platform_user_id, scope",
        "'credentials'",
    ),
    "budgets": ("UPDATE", ""),
    "guest_links": ("UPDATE", "'token_hash'"),
}

# Runs as proofroom_service with the workspace lifted, for rows that belong to no workspace; whoever changed the row
# could otherwise neither write the record nor be kept from writing others.
AUDIT = """
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held text := coalesce(current_setting('proofroom.workspace_id', true), '');
    before jsonb;
    after jsonb;
    workspace uuid;
    hidden text;
BEGIN
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - 'updated_at'; END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - 'updated_at'; END IF;
    IF before = after THEN RETURN NULL; END IF;
    FOREACH hidden IN ARRAY coalesce(TG_ARGV, '{}') LOOP
        IF after -> hidden <> 'null' THEN
            after := jsonb_set(after, ARRAY[hidden], CASE
                WHEN before -> hidden <> after -> hidden THEN '"[redacted, changed]"' ELSE '"[redacted]"' END::jsonb);
        END IF;
        IF before -> hidden <> 'null' THEN
            before := jsonb_set(before, ARRAY[hidden], '"[redacted]"');
        END IF;
    END LOOP;
    PERFORM set_config('proofroom.workspace_id', '', true);
    SELECT id INTO workspace FROM workspaces
    WHERE id = (coalesce(after, before) ->> CASE TG_TABLE_NAME WHEN 'workspaces' THEN 'id' ELSE 'workspace_id' END)::uuid;
    IF workspace IS NULL AND before ? 'workspace_id' OR TG_OP = 'DELETE' AND TG_TABLE_NAME = 'workspaces' THEN
        -- The workspace goes, and this row with it: that it went is kept, what it said is not.
        before := jsonb_build_object('id', before -> 'id', 'workspace_id', before -> 'workspace_id');
    END IF;
    INSERT INTO audit_logs (workspace_id, table_name, operation, user_id, old_values, new_values)
    VALUES (workspace, TG_TABLE_NAME, TG_OP,
        (SELECT id FROM users WHERE id = nullif(current_setting('proofroom.user_id', true), '')::uuid), before, after);
    PERFORM set_config('proofroom.workspace_id', held, true);
    RETURN NULL;
END $$
"""

# 200,000 characters: beyond that a tsvector of unusual text could pass PostgreSQL's limit of 1 MiB.
SET_SEARCH_VECTOR = """
CREATE FUNCTION set_search_vector() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := to_tsvector('pg_catalog.simple',
        left(concat_ws(' ', NEW.title, NEW.author_handle, NEW.activity_type, NEW.text_content), 200000));
    RETURN NEW;
END $$
"""

CHECK_TEMPLATE = """
CREATE FUNCTION check_template() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.templates t
        WHERE t.id = NEW.template_id AND (t.workspace_id IS NULL OR t.workspace_id = NEW.workspace_id)
    ) THEN
        RAISE EXCEPTION 'the template is not one of this workspace' USING ERRCODE = 'foreign_key_violation',
            CONSTRAINT = 'fk_workflows_template_id', TABLE = 'workflows', SCHEMA = 'public';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in (AUDIT, SET_SEARCH_VECTOR, CHECK_TEMPLATE):
        op.execute(function)
    op.execute("REVOKE ALL ON FUNCTION audit() FROM PUBLIC")
    for table in TABLES:
        _trigger(table, "updated_at", "BEFORE UPDATE", "set_updated_at()")
    for table, (update, hidden) in AUDITED.items():
        _trigger(table, "audit", f"AFTER INSERT OR {update} OR DELETE", f"audit({hidden})")
    # The rows of these are the record of themselves; only what people change on them later is audited.
    _changes("reviews", "decision, assignee_id", "'comment', 'edited'")
    _changes("publishing_jobs", "connected_account_id, approved_hash, scheduled_for", "")
    _trigger("drafts", "immutable", "BEFORE UPDATE", "refuse_change()")
    watched = "title, text_content, author_handle, activity_type"
    _trigger("posts", "search_vector", f"BEFORE INSERT OR UPDATE OF {watched}", "set_search_vector()")
    _trigger(
        "workflows",
        "template",
        "BEFORE INSERT OR UPDATE OF template_id, workspace_id",
        "check_template()",
        "NEW.template_id IS NOT NULL",
    )


def downgrade() -> None:
    for table in (*AUDITED, "reviews", "publishing_jobs"):
        op.execute(f"DROP TRIGGER trg_{table}_audit ON {table}")
    for table in TABLES:
        op.execute(f"DROP TRIGGER trg_{table}_updated_at ON {table}")
    op.execute("DROP TRIGGER trg_drafts_immutable ON drafts")
    op.execute("DROP TRIGGER trg_posts_search_vector ON posts")
    op.execute("DROP TRIGGER trg_workflows_template ON workflows")
    op.execute("DROP FUNCTION set_search_vector()")
    op.execute("DROP FUNCTION check_template()")
    op.execute("SET LOCAL ROLE proofroom_service")  # its owner since the revision after next
    op.execute("DROP FUNCTION audit()")
    op.execute("RESET ROLE")


def _changes(table: str, columns: str, hidden: str) -> None:
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns.split(", "))
    _trigger(table, "audit", f"AFTER UPDATE OF {columns}", f"audit({hidden})", changed)


def _trigger(table: str, name: str, events: str, function: str, when: str | None = None) -> None:
    condition = f"WHEN ({when}) " if when else ""
    op.execute(
        f"CREATE TRIGGER trg_{table}_{name} {events} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION {function}"
    )
