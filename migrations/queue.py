"""The queue's tables: made from its library's own SQL, in a schema of their own.

The schema's comment names the last of the library's migrations that is in it: its first installation has them all.
"""

from pathlib import Path
from typing import Final

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

_GRANTS: Final = """
GRANT USAGE ON SCHEMA procrastinate TO proofroom_app, proofroom_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO proofroom_service;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO proofroom_app, proofroom_service;
GRANT INSERT, SELECT (id) ON procrastinate.procrastinate_jobs TO proofroom_app;
GRANT INSERT ON procrastinate.procrastinate_events TO proofroom_app;
"""
"""A request may defer a job and read nobody's."""


def install(connection: Connection) -> None:
    """Idempotent: applies what the installed version of the library has more than the database."""
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS procrastinate"))
    connection.execute(text("SET LOCAL search_path = procrastinate, pg_catalog"))
    scripts = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    applied = connection.scalar(
        text("SELECT obj_description(to_regnamespace('procrastinate'), 'pg_namespace')")
    )
    if applied is None:
        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    for script in scripts:
        if applied is not None and script.name > applied:
            connection.exec_driver_sql(script.read_text(encoding="utf-8").replace("%", "%%"))
    connection.execute(text(f"COMMENT ON SCHEMA procrastinate IS '{scripts[-1].name}'"))
    connection.exec_driver_sql(_GRANTS)
    connection.commit()


def remove(connection: Connection) -> None:
    connection.execute(text("DROP SCHEMA IF EXISTS procrastinate CASCADE"))
    connection.commit()
