"""Functions for what is read before the tenant is known, and for what a request may leave behind only in one way.

They run as proofroom_service, which its policies let in while no workspace is set: see models/functions.py.
"""

from alembic import op

revision = "20261121_13"
down_revision = "20261121_12"
branch_labels = None
depends_on = None

DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
PRINCIPAL = """TABLE (
    user_id uuid, username varchar, workspace_id uuid, role text, scopes varchar[], credential_id uuid
)"""

# Touched once a minute; whoever finds the row locked leaves it, so that requests never queue for it.
AUTHENTICATE_SESSION = f"""
CREATE FUNCTION authenticate_session(p_token_hash bytea, p_workspace_id uuid DEFAULT NULL)
RETURNS {PRINCIPAL} LANGUAGE sql VOLATILE {DEFINER} AS $$
    WITH found AS (
        SELECT s.id, s.user_id FROM user_sessions s
        WHERE s.token_hash = p_token_hash AND s.kind = 'session' AND s.revoked_at IS NULL AND s.expires_at > now()
    ), idle AS (
        SELECT s.id FROM user_sessions s JOIN found USING (id)
        WHERE s.last_seen_at IS NULL OR s.last_seen_at < now() - interval '1 minute'
        FOR UPDATE OF s SKIP LOCKED
    ), seen AS (
        UPDATE user_sessions s SET last_seen_at = now() FROM idle WHERE s.id = idle.id
    )
    SELECT u.id, u.username, m.workspace_id, m.role::text, NULL::varchar[], f.id
    FROM found f
    JOIN users u ON u.id = f.user_id
    LEFT JOIN LATERAL (
        SELECT m.workspace_id, m.role FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = u.id AND (p_workspace_id IS NULL OR m.workspace_id = p_workspace_id)
        ORDER BY (w.personal_user_id IS NOT DISTINCT FROM u.id) DESC, m.created_at LIMIT 1
    ) m ON true
$$
"""

AUTHENTICATE_KEY = f"""
CREATE FUNCTION authenticate_key(p_key_hash bytea, p_workspace_id uuid DEFAULT NULL)
RETURNS {PRINCIPAL} LANGUAGE sql VOLATILE {DEFINER} AS $$
    WITH found AS (
        SELECT k.id, k.user_id, k.workspace_id, k.scopes FROM api_keys k
        WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
    ), idle AS (
        SELECT k.id FROM api_keys k JOIN found USING (id)
        WHERE k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute'
        FOR UPDATE OF k SKIP LOCKED
    ), seen AS (
        UPDATE api_keys k SET last_used_at = now() FROM idle WHERE k.id = idle.id
    )
    SELECT u.id, u.username, m.workspace_id, m.role::text, f.scopes, f.id
    FROM found f
    JOIN users u ON u.id = f.user_id
    LEFT JOIN workspace_members m ON m.user_id = u.id AND m.workspace_id = f.workspace_id
        AND (p_workspace_id IS NULL OR p_workspace_id = f.workspace_id)
$$
"""

FIND_SIGN_IN = f"""
CREATE FUNCTION find_sign_in(p_username text, p_email_index bytea)
RETURNS TABLE (user_id uuid, username varchar, hashed_password varchar, workspace_id uuid)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT u.id, u.username, u.hashed_password, w.id
    FROM users u LEFT JOIN workspaces w ON w.personal_user_id = u.id
    WHERE (p_username IS NOT NULL OR p_email_index IS NOT NULL)
        AND (p_username IS NULL OR lower(u.username) = lower(p_username))
        AND (p_email_index IS NULL OR u.email_index = p_email_index)
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

TAKE_LINK = f"""
CREATE FUNCTION take_link(p_token_hash bytea)
RETURNS TABLE (user_id uuid, username varchar, workspace_id uuid)
LANGUAGE sql VOLATILE {DEFINER} AS $$
    WITH taken AS (
        UPDATE user_sessions s SET revoked_at = now()
        WHERE s.token_hash = p_token_hash AND s.kind = 'link' AND s.revoked_at IS NULL AND s.expires_at > now()
        RETURNING s.user_id
    )
    SELECT u.id, u.username, w.id
    FROM taken t JOIN users u ON u.id = t.user_id LEFT JOIN workspaces w ON w.personal_user_id = u.id
$$
"""

REGISTER_USER = f"""
CREATE FUNCTION register_user(
    p_user_id uuid, p_username text, p_email bytea, p_email_index bytea, p_hashed_password text,
    p_external_subject text, p_display_name text, p_workspace_id uuid, p_workspace_name text, p_slug text
) RETURNS void LANGUAGE sql VOLATILE {DEFINER} AS $$
    INSERT INTO users (id, username, email, email_index, hashed_password, external_subject, display_name)
    VALUES (p_user_id, p_username, p_email, p_email_index, p_hashed_password, p_external_subject, p_display_name);
    INSERT INTO profiles (user_id, name) VALUES (p_user_id, p_display_name);
    INSERT INTO workspaces (id, name, slug, personal_user_id)
    VALUES (p_workspace_id, p_workspace_name, p_slug, p_user_id);
    INSERT INTO workspace_members (workspace_id, user_id, role) VALUES (p_workspace_id, p_user_id, 'owner');
$$
"""

# The current user's, who becomes its owner. The caller's workspace is lifted for the time of the writing.
CREATE_WORKSPACE = f"""
CREATE FUNCTION create_workspace(p_workspace_id uuid, p_name text, p_slug text)
RETURNS void LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
    held text := coalesce(current_setting('proofroom.workspace_id', true), '');
    person uuid := nullif(current_setting('proofroom.user_id', true), '')::uuid;
BEGIN
    IF person IS NULL THEN
        RAISE EXCEPTION 'a workspace is made by a user' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('proofroom.workspace_id', '', true);
    INSERT INTO workspaces (id, name, slug) VALUES (p_workspace_id, p_name, p_slug);
    INSERT INTO workspace_members (workspace_id, user_id, role) VALUES (p_workspace_id, person, 'owner');
    PERFORM set_config('proofroom.workspace_id', held, true);
END $$
"""

FIND_INVITATION = f"""
CREATE FUNCTION find_invitation(p_token_hash bytea)
RETURNS TABLE (id uuid, workspace_id uuid, workspace_name varchar, role text, email_index bytea)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT i.id, i.workspace_id, w.name, i.role::text, i.email_index
    FROM invitations i JOIN workspaces w ON w.id = i.workspace_id
    WHERE i.token_hash = p_token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$
"""

# An invitation to an address is for the user of that address alone; a member keeps the role that he has.
ACCEPT_INVITATION = f"""
CREATE FUNCTION accept_invitation(p_token_hash bytea, p_user_id uuid)
RETURNS TABLE (workspace_id uuid, role text) LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
    held text := coalesce(current_setting('proofroom.workspace_id', true), '');
    taken invitations;
BEGIN
    PERFORM set_config('proofroom.workspace_id', '', true);
    UPDATE invitations i SET accepted_at = now()
    WHERE i.token_hash = p_token_hash AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
        AND EXISTS (
            SELECT FROM users u
            WHERE u.id = p_user_id AND (i.email_index IS NULL OR u.email_index = i.email_index)
        )
    RETURNING i.* INTO taken;
    IF FOUND THEN
        INSERT INTO workspace_members AS m (workspace_id, user_id, role)
        VALUES (taken.workspace_id, p_user_id, taken.role) ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY SELECT m.workspace_id, m.role::text FROM workspace_members m
        WHERE m.workspace_id = taken.workspace_id AND m.user_id = p_user_id;
    PERFORM set_config('proofroom.workspace_id', held, true);
END $$
"""

WORKSPACE_PEOPLE = f"""
CREATE FUNCTION workspace_people()
RETURNS TABLE (
    user_id uuid, username varchar, display_name varchar, avatar_url varchar, role text, joined_at timestamptz
) LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT u.id, u.username, u.display_name, u.avatar_url, m.role::text, m.created_at
    FROM workspace_members m JOIN users u ON u.id = m.user_id
    WHERE m.workspace_id = nullif(current_setting('proofroom.workspace_id', true), '')::uuid
$$
"""

FUNCTIONS = {
    "authenticate_session(bytea, uuid)": AUTHENTICATE_SESSION,
    "authenticate_key(bytea, uuid)": AUTHENTICATE_KEY,
    "find_sign_in(text, bytea)": FIND_SIGN_IN,
    "find_external(text)": FIND_EXTERNAL,
    "take_link(bytea)": TAKE_LINK,
    "register_user(uuid, text, bytea, bytea, text, text, text, uuid, text, text)": REGISTER_USER,
    "create_workspace(uuid, text, text)": CREATE_WORKSPACE,
    "find_invitation(bytea)": FIND_INVITATION,
    "accept_invitation(bytea, uuid)": ACCEPT_INVITATION,
    "workspace_people()": WORKSPACE_PEOPLE,
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for function in FUNCTIONS.values():
        op.execute(function)
    for signature in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO proofroom_app")
    # An owner must be able to create in the schema, but only at the moment in which it becomes the owner.
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    for signature in (*FUNCTIONS, "audit()"):
        op.execute(f"ALTER FUNCTION {signature} OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
    # Whoever migrates goes on making triggers that call it.
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DO $$ BEGIN EXECUTE format('GRANT EXECUTE ON FUNCTION audit() TO %I', session_user); END $$")
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE proofroom_service")
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("RESET ROLE")
