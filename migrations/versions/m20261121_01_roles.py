"""The two roles that requests and workers take on, and what row triggers call.

Roles belong to the whole server: another database's migration may have made them, or be making them right now.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121_01"
down_revision = None
branch_labels = None
depends_on = None

# Two databases of one server may come here at once, hence the handlers; nothing but membership is granted twice.
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        BEGIN
            CREATE ROLE {role} NOLOGIN NOINHERIT NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END IF;
    IF NOT pg_has_role(session_user, '{role}', '{right}') THEN
        BEGIN
            EXECUTE format('GRANT {role} TO %I{options}', session_user);
        EXCEPTION WHEN unique_violation OR internal_error THEN
            IF NOT pg_has_role(session_user, '{role}', '{right}') THEN RAISE; END IF;
        END;
    END IF;
END $$
"""

SET_UPDATED_AT = """
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    modern = op.get_bind().scalar(sa.text("SELECT current_setting('server_version_num')::int >= 160000"))
    for role in ("proofroom_app", "proofroom_service"):
        options = " WITH INHERIT FALSE, SET TRUE" if modern else ""
        op.execute(ROLE.format(role=role, right="SET" if modern else "MEMBER", options=options))
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute(SET_UPDATED_AT)
    op.execute(REFUSE_CHANGE)


def downgrade() -> None:
    """The roles stay: other databases of the server may use them."""
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP FUNCTION set_updated_at()")
    for role in ("proofroom_app", "proofroom_service"):
        op.execute(f"REVOKE USAGE ON SCHEMA public FROM {role}")
