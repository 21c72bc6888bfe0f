"""LangGraph's tables: made by its own saver, in a schema of their own, guarded through `threads`."""

from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Connection as PsycopgConnection
from psycopg.rows import dict_row
from sqlalchemy import Connection, text

TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")
WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
# The reader's own view of threads decides: its policy holds inside ours.
VISIBLE = "EXISTS (SELECT FROM public.threads t WHERE t.id = thread_id::uuid)"


def install(connection: Connection) -> None:
    """Idempotent: only what is missing is made."""
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS langgraph"))
    connection.commit()
    _setup(connection)
    connection.execute(text("GRANT USAGE ON SCHEMA langgraph TO proofroom_app, proofroom_service"))
    connection.execute(
        text("GRANT SELECT ON langgraph.checkpoint_migrations TO proofroom_app, proofroom_service")
    )
    for table in TABLES:
        _guard(connection, table)
        # The primary key begins with the thread, too, and a post's cycle writes three dozen of these rows.
        connection.execute(text(f"DROP INDEX IF EXISTS langgraph.{table}_thread_id_idx"))
    connection.commit()


def remove(connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA IF EXISTS langgraph CASCADE"))
    connection.commit()


def _setup(connection: Connection) -> None:
    """The saver's migrations want autocommit, since they create indexes concurrently."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, PsycopgConnection)
    raw.commit()
    raw.autocommit = True
    try:
        raw.execute("SET search_path = langgraph")
        raw.row_factory, plain = dict_row, raw.row_factory
        try:
            PostgresSaver(raw).setup()
        finally:
            raw.row_factory = plain
            raw.execute("SET search_path = public")
    finally:
        raw.autocommit = False


def _guard(connection: Connection, table: str) -> None:
    connection.execute(
        text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON langgraph.{table} TO proofroom_service")
    )
    connection.execute(text(f"GRANT SELECT ON langgraph.{table} TO proofroom_app"))
    policies = connection.scalar(
        text("SELECT count(*) FROM pg_policy WHERE polrelid = to_regclass(:name)"),
        {"name": f"langgraph.{table}"},
    )
    if policies == 2:  # left alone: to make them anew would lock the table at every start
        return
    for statement in (
        f"ALTER TABLE langgraph.{table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE langgraph.{table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_workspace_all ON langgraph.{table} FOR ALL TO proofroom_app"
        f" USING ({VISIBLE}) WITH CHECK ({VISIBLE})",
        f"CREATE POLICY {table}_service_all ON langgraph.{table} FOR ALL TO proofroom_service"
        f" USING ({WORKSPACE} IS NULL OR {VISIBLE}) WITH CHECK ({WORKSPACE} IS NULL OR {VISIBLE})",
    ):
        connection.execute(text(statement))
