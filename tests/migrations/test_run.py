"""Up, down and up again; by two processes at once; and a clear word where a right is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import create_engine, text, update
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from cli.migrate import app
from core.db import SERVICE
from core.db import database_url as sqlalchemy_url
from core.errors import ConfigurationError, NotFound, Unavailable
from core.settings import Settings
from migrations import run
from models import DeliveryOutcome, EmailDelivery
from services.operations import health
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill
from tests.plugins.postgres import Server

pytestmark = pytest.mark.database

_OBJECTS = text("""
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'langgraph', 'procrastinate') AND c.relname <> 'alembic_version'
    AND c.relname <> 'alembic_version_pkc'
UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
""")


@pytest.fixture
def empty(empty_database_url: str) -> Settings:
    return Settings(database_url=SecretStr(empty_database_url))


def objects(settings: Settings) -> set[str]:
    with create_engine(sqlalchemy_url(settings), poolclass=NullPool).connect() as connection:
        return set(connection.scalars(_OBJECTS)) - {"alembic_version"}


def test_up_at_once_and_down_with_a_row_in_every_table(empty: Settings) -> None:
    assert run.current(empty) is None
    run.upgrade(empty)
    assert run.current(empty) == run.head()
    full = objects(empty)
    assert {"public.workflows", "langgraph.checkpoints", "procrastinate.procrastinate_jobs"} <= full
    run.upgrade(empty)
    assert objects(empty) == full
    with run.opened(empty) as connection:
        enter(connection, SERVICE)
        fill(connection)
        connection.execute(update(EmailDelivery).values(outcome=DeliveryOutcome.RETURNED))
        connection.commit()
    revisions = run.history(empty)
    assert revisions[0].current
    for revision in (revisions[1], revisions[-1]):
        run.downgrade(empty, revision.id)
        assert run.current(empty) == revision.id
    run.downgrade(empty, "base")
    assert run.current(empty) is None
    assert objects(empty) == set()
    run.upgrade(empty)
    assert objects(empty) == full


def test_readiness_goes_by_the_files_of_the_chain(tmp_path: Path) -> None:
    script = ScriptDirectory.from_config(run.config(None))
    chain = [each.revision.split("_") for each in script.walk_revisions()]
    assert chain == sorted(chain, key=lambda it: (it[0], int(it[1])), reverse=True)
    files = [path.stem.removeprefix("m").split("_")[:2] for path in Path(script.versions).glob("m*.py")]
    assert sorted(files) == sorted(chain)
    assert health.newest() == run.head()
    for name in ("m20261121_99_a.py", "m20261121_100_b.py", "m20261120_101_c.py"):
        (tmp_path / name).touch()
    assert health.newest(tmp_path) == "20261121_100"


def migrate_together(*databases: Settings) -> None:
    """Each in a process of its own."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "cli.main", "migrate"],
            cwd=Path(run.__file__).parents[1],
            env={**os.environ, "DATABASE_URL": settings.database_url.get_secret_value()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for settings in databases
    ]
    for process in processes:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        assert said == f"The database is at {run.head()}.\n"


def test_two_processes_and_two_databases_at_once(empty: Settings, postgres: Server) -> None:
    """Roles belong to the server, so that two migrations may grant them at the same moment."""
    other = f"other_{postgres.admin.info.backend_pid}"
    postgres.admin.execute(f"CREATE DATABASE {other} OWNER proofroom TEMPLATE template0")
    second = Settings(database_url=SecretStr(postgres.address(other)))
    try:
        migrate_together(empty, empty, second)
        assert run.current(second) == run.current(empty) == run.head()
    finally:
        postgres.admin.execute(f"DROP DATABASE {other} WITH (FORCE)")


def test_mappings_and_migrations_agree(settings: Settings) -> None:
    with run.opened(settings) as connection:
        command.check(run.config(connection))


def test_a_missing_right_names_what_an_administrator_must_run(empty: Settings, postgres: Server) -> None:
    name = f"helpless_{postgres.admin.info.backend_pid}"
    postgres.admin.execute(f"CREATE ROLE {name} LOGIN NOINHERIT")
    url = empty.database_url.get_secret_value().replace("proofroom@", f"{name}@")
    try:
        with pytest.raises(ConfigurationError, match=f"The role {name} may not") as refused:
            run.upgrade(Settings(database_url=SecretStr(url)))
        assert f'GRANT proofroom_app, proofroom_service TO "{name}"' in (refused.value.remedy or "")
    finally:
        postgres.admin.execute(f"DROP ROLE {name}")


def test_an_unknown_revision_is_named(settings: Settings) -> None:
    for move in (run.upgrade, run.downgrade):
        with pytest.raises(NotFound, match="nonsense"):
            move(settings, "nonsense")


def test_the_command_steps_back_and_tells_where_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    call = CliRunner().invoke
    before = [revision.id for revision in run.history(settings)][1]
    assert call(app, ["downgrade", "-1"], input="n\n").exit_code == 1
    assert call(app, ["downgrade", "-1", "--yes"]).output == f"The database is at {before}.\n"
    assert call(app, ["current"]).output == f"{before}, head is {run.head()}\n"
    listed = json.loads(call(app, ["history", "--json"]).output)
    assert [entry["id"] for entry in listed if entry["current"]] == [before]
    assert call(app, []).output == f"The database is at {run.head()}.\n"
    assert json.loads(call(app, ["current", "--json"]).output) == {"current": run.head(), "head": run.head()}


def test_no_server_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        run.upgrade(Settings(database_url=SecretStr("postgresql://proofroom@127.0.0.1:1/proofroom")))


def test_another_database_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="PostgreSQL 15 or newer only"):
        run.current(Settings(database_url=SecretStr("sqlite:///proofroom.db")))
