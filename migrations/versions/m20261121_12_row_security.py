"""Row security on every table, and what each role may do."""

from alembic import op

revision = "20261121_12"
down_revision = "20261121_11"
branch_labels = None
depends_on = None

# In sub-selects, so that they are evaluated once for a query and not once for a row.
WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
USER = "(SELECT nullif(current_setting('proofroom.user_id', true), '')::uuid)"
MEMBERS = f"(SELECT user_id FROM workspace_members WHERE workspace_id = {WORKSPACE})"
MINE = f"(SELECT workspace_id FROM workspace_members WHERE user_id = {USER})"

READ = "SELECT"
KEEP = "SELECT, INSERT, UPDATE"
ALL = "SELECT, INSERT, UPDATE, DELETE"

USERS = {"users": "id", "profiles": "user_id", "user_sessions": "user_id"}
GRANTS = {
    "users": "SELECT, UPDATE, DELETE",
    "profiles": KEEP,
    "user_sessions": KEEP,
    "workspaces": "SELECT, UPDATE, DELETE",
    "workspace_members": ALL,
    "invitations": KEEP,
    "api_keys": KEEP,
    "idempotency_keys": ALL,
    "projects": ALL,
    "campaigns": ALL,
    "files": ALL,
    "resources": ALL,
    "templates": ALL,
    "workflows": KEEP,
    "threads": KEEP,
    "platform_states": KEEP,
    "drafts": READ,
    "evaluations": READ,
    "reviews": "SELECT, UPDATE",
    "review_comments": ALL,
    "guest_links": KEEP,
    "publishing_jobs": "SELECT, UPDATE (status, scheduled_for, connected_account_id, approved_hash, error)",
    "publishing_attempts": READ,
    "posts": READ,
    "post_analyses": READ,
    "media_files": READ,
    "connected_accounts": KEEP,
    "rate_limits": READ,
    "token_usage": READ,
    "budgets": ALL,
    "processing_logs": READ,
    "audit_logs": READ,
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, rights in GRANTS.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT {rights} ON {table} TO proofroom_app")
        op.execute(f"GRANT {ALL} ON {table} TO proofroom_service")
        if table in USERS:
            _policy(table, "owner_all", "proofroom_app", f"{USERS[table]} = {USER}")
            service = f"{USERS[table]} IN {MEMBERS}"
        elif table == "workspaces":
            _policy(table, "workspace_all", "proofroom_app", f"id = {WORKSPACE}")
            service = f"id = {WORKSPACE}"
        else:
            service = f"workspace_id = {WORKSPACE}"
            _policy(table, "workspace_all", "proofroom_app", service)
        if table == "templates":
            service += " OR workspace_id IS NULL"
        # A worker is held to a workspace while one is set, and sees all while it claims or sweeps.
        _policy(table, "service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR {service}")
    _readable("workspaces", "owner_select", f"id IN {MINE}")
    _readable("workspace_members", "owner_select", f"user_id = {USER}")
    _readable("templates", "workspace_select", "workspace_id IS NULL")
    op.execute("GRANT SELECT ON alembic_version TO proofroom_app, proofroom_service")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alembic_version FROM proofroom_app, proofroom_service")
    op.execute("DROP POLICY workspaces_owner_select ON workspaces")
    op.execute("DROP POLICY workspace_members_owner_select ON workspace_members")
    op.execute("DROP POLICY templates_workspace_select ON templates")
    for table in GRANTS:
        op.execute(f"DROP POLICY {table}_{'owner' if table in USERS else 'workspace'}_all ON {table}")
        op.execute(f"DROP POLICY {table}_service_all ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM proofroom_app, proofroom_service")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def _policy(table: str, name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {table}_{name} ON {table} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )


def _readable(table: str, name: str, condition: str) -> None:
    op.execute(f"CREATE POLICY {table}_{name} ON {table} FOR SELECT TO proofroom_app USING ({condition})")
