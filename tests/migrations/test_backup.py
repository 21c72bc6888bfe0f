"""PostgreSQL's own backup, the ways the MorphPost schema has it: a restored database is the same database."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from core.db import SERVICE, Database
from core.db import database_url as sqlalchemy_url
from core.embedded.place import packaged_binaries
from core.settings import Settings
from services.operations.schema import validate
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill
from tests.plugins.postgres import Server

pytestmark = pytest.mark.database

_COUNTS = text("""
SELECT (SELECT count(*) FROM workflows), (SELECT count(*) FROM drafts), (SELECT count(*) FROM processing_logs),
    (SELECT count(*) FROM audit_logs)
""")


@pytest.fixture
def restored(postgres: Server) -> Iterator[Settings]:
    """An empty database beside the one that is backed up."""
    name = f"restored_{postgres.admin.info.backend_pid}"
    postgres.admin.execute(f"CREATE DATABASE {name} OWNER proofroom TEMPLATE template0")
    yield Settings(database_url=SecretStr(postgres.address(name)))
    postgres.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def tool(postgres: Server) -> Callable[..., str]:
    """A program of the server's own version, run on a database as its administrator, whom row security lets by."""
    folder = packaged_binaries() if postgres.version == "18" else Path("/usr/lib/postgresql/15/bin")

    def run(program: str, settings: Settings, *arguments: str, given: str | None = None) -> str:
        url = settings.database_url.get_secret_value().replace("proofroom@", "postgres@")
        done = subprocess.run(
            [folder / program, *arguments, "--dbname", url],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def counts(settings: Settings) -> tuple[int, ...]:
    with create_engine(sqlalchemy_url(settings), poolclass=NullPool).connect() as connection:
        enter(connection, SERVICE)
        return tuple(connection.execute(_COUNTS).one())


async def differences(settings: Settings) -> list[str]:
    database = Database(settings)
    try:
        return await validate(database)
    finally:
        await database.dispose()


async def test_a_full_backup_restores_to_a_new_database(
    settings: Settings, restored: Settings, tool: Callable[..., str]
) -> None:
    with create_engine(sqlalchemy_url(settings), poolclass=NullPool).connect() as connection:
        enter(connection, SERVICE)
        fill(connection)
        connection.commit()
    backup = tool("pg_dump", settings)
    tool("psql", restored, "--set", "ON_ERROR_STOP=1", "--quiet", given=backup)
    assert counts(restored) == counts(settings)
    assert counts(restored)[0] == 1
    assert await differences(restored) == []


async def test_schema_and_data_can_be_kept_apart(
    settings: Settings, restored: Settings, tool: Callable[..., str]
) -> None:
    with create_engine(sqlalchemy_url(settings), poolclass=NullPool).connect() as connection:
        enter(connection, SERVICE)
        fill(connection)
        connection.commit()
    schema = tool("pg_dump", settings, "--schema-only")
    data = tool("pg_dump", settings, "--data-only", "--disable-triggers")
    tool("psql", restored, "--set", "ON_ERROR_STOP=1", "--quiet", given=schema)
    assert await differences(restored) == []
    assert counts(restored) == (0, 0, 0, 0)
    tool("psql", restored, "--set", "ON_ERROR_STOP=1", "--quiet", given=data)
    assert counts(restored) == counts(settings)
