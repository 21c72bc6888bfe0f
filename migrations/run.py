"""Moves a database to a version: our tables, then LangGraph's, then the queue's; by one process at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from core.db import database_url
from core.errors import ConfigurationError, NotFound, Unavailable
from core.settings import Settings
from migrations import checkpoints, queue

_LOCK: Final = 7_361_202_611
_POLL_SECONDS: Final = 0.2
_WAIT_SECONDS: Final = 300.0
_INSUFFICIENT_PRIVILEGE: Final = "42501"


# Until PostgreSQL 16 a NOINHERIT owner of the database does not own its public schema without taking that role on.
_OWN_SCHEMA: Final = """
DO $$ BEGIN
    IF NOT has_schema_privilege('public', 'CREATE WITH GRANT OPTION') THEN
        SET LOCAL ROLE pg_database_owner;
        EXECUTE format('GRANT ALL ON SCHEMA public TO %I WITH GRANT OPTION', session_user);
        RESET ROLE;
    END IF;
END $$
"""


@dataclass(frozen=True, slots=True)
class Revision:
    id: str
    title: str
    current: bool


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Raises NotFound for an unknown revision, ConfigurationError where the login role lacks a right, and Unavailable
    where no server answers or another process migrates on and on."""
    with _alone(settings) as connection:
        connection.execute(text(_OWN_SCHEMA))
        connection.commit()
        command.upgrade(config(connection), revision)
        if _is_newest(connection):
            checkpoints.install(connection)
            queue.install(connection)
            connection.execute(text("SELECT make_partitions()"))
            connection.commit()


def downgrade(settings: Settings, revision: str) -> None:
    """To `base` removes LangGraph's and the queue's tables too; the roles stay, other databases may use them."""
    with _alone(settings) as connection:
        if revision == "base":
            queue.remove(connection)
            checkpoints.remove(connection)
        command.downgrade(config(connection), revision)


def current(settings: Settings) -> str | None:
    """The version that the database is at, None before the first."""
    with opened(settings) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def history(settings: Settings) -> list[Revision]:
    """Every version, the newest first."""
    now = current(settings)
    script = ScriptDirectory.from_config(config(None))
    return [Revision(item.revision, item.doc, item.revision == now) for item in script.walk_revisions()]


def head() -> str | None:
    """The newest version that this code knows."""
    return ScriptDirectory.from_config(config(None)).get_current_head()


def config(connection: Connection | None) -> Config:
    """Alembic's own configuration for this connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _is_newest(connection: Connection) -> bool:
    """LangGraph's row security hangs on our tables, so its tables come only with the newest version."""
    return MigrationContext.configure(connection).get_current_revision() == head()


@contextmanager
def opened(settings: Settings) -> Iterator[Connection]:
    """A connection as the login role. Raises ConfigurationError and Unavailable for what is not the caller's fault."""
    engine = create_engine(database_url(settings), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise _missing_right(settings, str(error.orig).splitlines()[0]) from error
    except OperationalError as error:
        if error.connection_invalidated or "connection" in str(error.orig):
            raise Unavailable(f"The database does not answer: {str(error.orig).splitlines()[0]}") from error
        raise
    finally:
        engine.dispose()


@contextmanager
def _alone(settings: Settings) -> Iterator[Connection]:
    """Polls for the lock: LangGraph builds indexes CONCURRENTLY, which waits for whoever blocks in a statement."""
    with opened(settings) as guard, opened(settings) as connection:
        guard = guard.execution_options(isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + _WAIT_SECONDS
        while not guard.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            if time.monotonic() > deadline:
                raise Unavailable(f"Another process has been migrating for {_WAIT_SECONDS:.0f} s.")
            time.sleep(_POLL_SECONDS)
        try:
            yield connection
        except CommandError as error:
            raise NotFound(f"{error}.", remedy="`proofroom migrate history` lists the revisions.") from error


def _missing_right(settings: Settings, problem: str) -> ConfigurationError:
    url = database_url(settings)
    user, database = url.username or "proofroom", url.database or "proofroom"
    return ConfigurationError(
        f"The role {user} may not do what the migration needs: {problem}.",
        remedy="Let an administrator run, in the database, "
        f'ALTER DATABASE "{database}" OWNER TO "{user}"; ALTER SCHEMA public OWNER TO "{user}"; '
        "CREATE ROLE proofroom_app NOLOGIN NOINHERIT; CREATE ROLE proofroom_service NOLOGIN NOINHERIT; "
        f'GRANT proofroom_app, proofroom_service TO "{user}"; and migrate again.',
    )
