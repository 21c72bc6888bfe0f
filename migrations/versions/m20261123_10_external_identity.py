"""People of an issuer elsewhere: a subject is somebody only together with whose word it is, and a token of theirs costs one
statement, as a key does."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_10"
down_revision = "20261123_09"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

AUTHENTICATE_EXTERNAL = f"""
CREATE FUNCTION authenticate_external(p_issuer text, p_subject text, p_workspace_id uuid DEFAULT NULL)
RETURNS TABLE (
    user_id uuid, username varchar, workspace_id uuid, role text, scopes varchar[], credential_id uuid
) LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT u.id, u.username, m.workspace_id, m.role::text, NULL::varchar[], NULL::uuid
    FROM users u
    LEFT JOIN LATERAL (
        SELECT m.workspace_id, m.role FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = u.id AND (p_workspace_id IS NULL OR m.workspace_id = p_workspace_id)
        ORDER BY (w.personal_user_id IS NOT DISTINCT FROM u.id) DESC, m.created_at LIMIT 1
    ) m ON true
    WHERE u.external_issuer = p_issuer AND u.external_subject = p_subject
$$
"""
FIND_EXTERNAL = f"""
CREATE FUNCTION find_external(p_external_subject text)
RETURNS TABLE (user_id uuid, username varchar, workspace_id uuid)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT u.id, u.username, w.id FROM users u LEFT JOIN workspaces w ON w.personal_user_id = u.id
    WHERE u.external_subject = p_external_subject
$$
"""
OLD = "uuid, text, bytea, bytea, text, text, text, uuid, text, text"
NEW = f"{OLD}, text"


def _register(parameter: str, column: str, value: str) -> str:
    return f"""
CREATE FUNCTION register_user(
    p_user_id uuid, p_username text, p_email bytea, p_email_index bytea, p_hashed_password text,
    p_external_subject text, p_display_name text, p_workspace_id uuid, p_workspace_name text, p_slug text{parameter}
) RETURNS void LANGUAGE sql VOLATILE {DEFINER} AS $$
    INSERT INTO users (id, username, email, email_index, hashed_password, external_subject, display_name{column})
    VALUES (p_user_id, p_username, p_email, p_email_index, p_hashed_password, p_external_subject, p_display_name{value});
    INSERT INTO profiles (user_id, name) VALUES (p_user_id, p_display_name);
    INSERT INTO workspaces (id, name, slug, personal_user_id)
    VALUES (p_workspace_id, p_workspace_name, p_slug, p_user_id);
    INSERT INTO workspace_members (workspace_id, user_id, role) VALUES (p_workspace_id, p_user_id, 'owner');
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("users", sa.Column("external_issuer", sa.String(length=255), nullable=True))
    op.drop_constraint("uq_users_external_subject", "users", type_="unique")
    op.create_unique_constraint(None, "users", ["external_issuer", "external_subject"])
    op.create_check_constraint(
        "external", "users", "num_nonnulls(external_issuer, external_subject) IN (0, 2)"
    )
    # The new parameter has a default: an API process of the version before goes on registering people.
    _replace(
        {f"register_user({OLD})", "find_external(text)"},
        {
            f"register_user({NEW})": _register(
                ", p_external_issuer text DEFAULT NULL", ", external_issuer", ", p_external_issuer"
            ),
            "authenticate_external(text, text, uuid)": AUTHENTICATE_EXTERNAL,
        },
    )


def downgrade() -> None:
    _replace(
        {f"register_user({NEW})", "authenticate_external(text, text, uuid)"},
        {f"register_user({OLD})": _register("", "", ""), "find_external(text)": FIND_EXTERNAL},
    )
    op.drop_constraint(op.f("ck_users_external"), "users", type_="check")
    op.drop_constraint(op.f("uq_users_external_issuer_external_subject"), "users", type_="unique")
    op.create_unique_constraint(None, "users", ["external_subject"])
    op.drop_column("users", "external_issuer")


def _replace(gone: set[str], made: dict[str, str]) -> None:
    """Their owner does it: a NOINHERIT login role acts for that one only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    for signature in gone:
        op.execute(f"DROP FUNCTION {signature}")
    for signature, function in made.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO proofroom_app")
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
