"""Asking whose a key is: one look, and no more unless its last use has to be noted. Each request asks.

As one statement it prepared the noting, too, which is done once a minute.
"""

from alembic import op

revision = "20261121_75"
down_revision = "20261121_70"
branch_labels = None
depends_on = None

SIGNATURE = """
CREATE OR REPLACE FUNCTION authenticate_key(p_key_hash bytea, p_workspace_id uuid DEFAULT NULL)
RETURNS TABLE (
    user_id uuid, username varchar, workspace_id uuid, role text, scopes varchar[], credential_id uuid
)
"""
DEFINER = "VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

# Whoever finds the row locked leaves it, so that requests never queue for it.
LOOK_FIRST = f"""{SIGNATURE} LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
    idle boolean;
BEGIN
    SELECT u.id, u.username, m.workspace_id, m.role::text, k.scopes, k.id,
        k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute'
    INTO user_id, username, workspace_id, role, scopes, credential_id, idle
    FROM api_keys k
    JOIN users u ON u.id = k.user_id
    LEFT JOIN workspace_members m ON m.user_id = k.user_id AND m.workspace_id = k.workspace_id
        AND (p_workspace_id IS NULL OR p_workspace_id = k.workspace_id)
    WHERE k.key_hash = p_key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF idle THEN
        UPDATE api_keys SET last_used_at = now()
        WHERE id = (SELECT k.id FROM api_keys k WHERE k.id = credential_id FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN NEXT;
END $$
"""
IN_ONE = f"""{SIGNATURE} LANGUAGE sql {DEFINER} AS $$
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


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace(LOOK_FIRST)


def downgrade() -> None:
    _replace(IN_ONE)


def _replace(function: str) -> None:
    """Its owner replaces it: a NOINHERIT login role acts for that one only while it has taken that role on."""
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(function)
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
