"""`validate-schema` finds nothing in a good database, and names each thing that is not there or does not work."""

import json

import pytest
import typer
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from cli.migrate import validate_schema
from core.db import Database, database_url
from core.settings import Settings
from services.operations.schema import compare, differences, validate

_AS_SERVICE = "SET ROLE proofroom_service; {}; RESET ROLE"


def change(settings: Settings, statements: str) -> None:
    with create_engine(database_url(settings), poolclass=NullPool).connect() as connection:
        connection.exec_driver_sql(statements.replace("%", "%%"))
        connection.commit()


@pytest.mark.database
async def test_a_good_database_has_no_difference(settings: Settings, db: Database) -> None:
    assert await validate(db) == []
    assert await validate(db) == []  # and is left as it was
    async with db.service() as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 0
        left = text("SELECT count(*) FROM pg_namespace WHERE nspname = 'proofroom_expected'")
        assert await session.scalar(left) == 0


DAMAGES = [
    [
        ("DROP TABLE rate_limits", "missing table rate_limits"),
        ("CREATE TABLE stray (id int)", "unexpected table stray"),
        ("ALTER TABLE posts DROP COLUMN slug", "missing column posts.slug"),
        ("ALTER TABLE posts ADD COLUMN stray int", "unexpected column posts.stray"),
        ("ALTER TABLE drafts ALTER COLUMN content DROP NOT NULL", "column drafts.content is `text`"),
        ("ALTER TABLE drafts ALTER COLUMN sequence DROP DEFAULT", "column drafts.sequence is"),
        (
            "ALTER TABLE evaluations DROP CONSTRAINT ck_evaluations_score",
            "missing constraint ck_evaluations_score",
        ),
        (
            "ALTER TABLE drafts DROP CONSTRAINT fk_drafts_workspace_id_thread_id",
            "missing constraint fk_drafts_workspace_id_thread_id",
        ),
        ("DROP INDEX ix_platform_states_due_at", "missing index ix_platform_states_due_at"),
        ("ALTER TABLE platform_states RESET (fillfactor)", "table platform_states is `r`"),
        ("DROP TRIGGER trg_users_updated_at ON users", "missing trigger trg_users_updated_at"),
        ("ALTER TABLE users DISABLE TRIGGER trg_users_audit", "trigger trg_users_audit is"),
        ("DROP POLICY drafts_workspace_all ON drafts", "missing policy drafts_workspace_all"),
        ("ALTER TABLE drafts NO FORCE ROW LEVEL SECURITY", "row security drafts is `enabled`"),
        ("GRANT DELETE ON drafts TO proofroom_app", "unexpected grant DELETE on drafts to proofroom_app"),
        ("DROP VIEW outputs", "missing table outputs"),
        (_AS_SERVICE.format("DROP FUNCTION take_link(bytea)"), "missing function take_link(bytea)"),
        ("DROP FUNCTION lock_thread(uuid)", "missing function lock_thread(uuid)"),
        ("DROP TABLE langgraph.checkpoint_blobs", "missing table langgraph.checkpoint_blobs"),
        ("DROP TABLE procrastinate.procrastinate_events", "missing table procrastinate.procrastinate_events"),
        ("SELECT detach_partitions('-40 days')", "missing partition processing_logs_y"),
    ],
    [
        ("ALTER TABLE posts ALTER COLUMN slug TYPE text", "column posts.slug is `text`"),
        (
            "ALTER TABLE drafts DROP CONSTRAINT fk_drafts_workspace_id_thread_id;"
            "ALTER TABLE drafts ADD CONSTRAINT fk_drafts_workspace_id_thread_id"
            " FOREIGN KEY (workspace_id, thread_id) REFERENCES threads (workspace_id, id)",
            "constraint fk_drafts_workspace_id_thread_id is",
        ),
        (
            "DROP INDEX ix_platform_states_due_at; CREATE INDEX ix_platform_states_due_at ON platform_states (due_at)",
            "index ix_platform_states_due_at is",
        ),
        ("ALTER TABLE drafts DISABLE ROW LEVEL SECURITY", "row security drafts is `forced`"),
        ("REVOKE SELECT ON drafts FROM proofroom_app", "missing grant SELECT on drafts to proofroom_app"),
        (
            "DO $$ BEGIN EXECUTE format('GRANT SELECT ON %I TO proofroom_app',"
            " to_char(now() AT TIME ZONE 'UTC', '\"processing_logs_y\"YYYY\"m\"MM')); END $$",
            "unexpected grant on processing_logs_y",
        ),
        ("ALTER VIEW outputs RESET (security_invoker)", "table outputs is `v`"),
        (
            _AS_SERVICE.format("ALTER FUNCTION take_link(bytea) SECURITY INVOKER"),
            "function take_link(bytea) is not SECURITY DEFINER with a fixed search path",
        ),
        (
            "ALTER TABLE langgraph.checkpoints NO FORCE ROW LEVEL SECURITY",
            "row security langgraph.checkpoints is not forced with its two policies",
        ),
    ],
    [
        ("GRANT SELECT ON drafts TO PUBLIC", "unexpected grant SELECT on drafts to -"),
        (
            _AS_SERVICE.format("GRANT EXECUTE ON FUNCTION take_link(bytea) TO PUBLIC"),
            "unexpected grant EXECUTE on take_link(bytea) to PUBLIC",
        ),
    ],
    [
        (
            _AS_SERVICE.format("REVOKE EXECUTE ON FUNCTION take_link(bytea) FROM proofroom_app"),
            "missing grant EXECUTE on take_link(bytea) to proofroom_app",
        ),
    ],
    [
        (
            "ALTER POLICY drafts_workspace_all ON drafts USING (true)",
            "policy: drafts shows another workspace's row to proofroom_app",
        ),
    ],
]


def test_each_damage_is_named(connection: Connection) -> None:
    """Those that do not hide one another at once, since a comparison takes half a second; and each time in a
    transaction of its own, since a long one holds back the event streams of everybody on the server."""
    missed = []
    for together in DAMAGES:
        for damage, _ in together:
            connection.exec_driver_sql(damage.replace("%", "%%"))
        behaviour = any(named.startswith("policy:") for _, named in together)
        found = differences(connection) if behaviour else list(compare(connection))
        connection.rollback()
        missed += [
            (named, found) for _, named in together if not any(line.startswith(named) for line in found)
        ]
    assert missed == []
    assert differences(connection) == []


HOLLOW = [
    [
        ("set_updated_at", "RETURN NEW;", "trigger: users.updated_at is not kept"),
        ("set_search_vector", "RETURN NEW;", "trigger: posts.search_vector is not kept"),
        ("refuse_change", "RETURN NEW;", "trigger: drafts can be changed"),
        ("audit", "RETURN NULL;", "trigger: api_keys is not audited"),
    ],
    [
        (
            "audit",
            "INSERT INTO public.audit_logs (table_name, operation, new_values)"
            " VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW)); RETURN NULL;",
            "trigger: the audit of api_keys shows key_hash",
        ),
    ],
]


def test_a_trigger_that_is_there_and_does_nothing_is_found_out(connection: Connection) -> None:
    """Comparing finds the trigger in place; only doing it shows that its function is hollow."""
    for together in HOLLOW:
        connection.exec_driver_sql("GRANT CREATE ON SCHEMA public TO proofroom_service")
        for function, body, _ in together:
            hollow = f"CREATE OR REPLACE FUNCTION public.{function}() RETURNS trigger LANGUAGE plpgsql"
            if function == "audit":
                hollow += " SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
                connection.exec_driver_sql(_AS_SERVICE.format(f"{hollow} AS $$ BEGIN {body} END $$"))
            else:
                connection.exec_driver_sql(f"{hollow} AS $$ BEGIN {body} END $$")
        found = differences(connection)
        connection.rollback()
        assert {named for _, _, named in together} <= {*found}, found
        assert not any(line.startswith(("missing trigger", "trigger trg_")) for line in found)


def test_the_command_says_so_and_exits_accordingly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    app = typer.Typer()
    app.command()(validate_schema)
    good = CliRunner().invoke(app)
    proved = "The database is what it should be: compared, and its triggers and policies proved.\n"
    assert (good.exit_code, good.output) == (0, proved)
    change(settings, "DROP INDEX ix_workflows_template_id")
    bad = CliRunner().invoke(app, ["--json"])
    assert (bad.exit_code, json.loads(bad.output)) == (1, ["missing index ix_workflows_template_id"])
