"""Connections are lent from one user to the next, and carry nothing along."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from uuid_utils.compat import uuid7

from core import sql
from core.db import Database
from core.errors import ConfigurationError
from core.settings import Settings
from core.sql import Connection, Statement, connection_of
from services.operations.health import pool_use
from tests.patience import PATIENCE_SECONDS
from tests.plugins.postgres import Server
from tests.services.dropping import dropping_options

WHO = Statement.of("""
SELECT pg_backend_pid() AS connection, current_user AS role,
    current_setting('proofroom.workspace_id', true) AS workspace, current_setting('proofroom.user_id', true) AS "user",
    :said AS said
""")
SLEEP = Statement.of("SELECT pg_sleep(60)")


async def seen(connection: Connection) -> sql.Row:
    (found,) = await sql.rows(connection, WHO, {"said": "it's :said"})
    return found


async def test_a_reader_is_in_the_workspace_that_was_named_whoever_had_its_connection_before(
    db: Database,
) -> None:
    mine, other, user = uuid7(), uuid7(), uuid7()
    async with db.reading(mine, user) as connection:
        first = await seen(connection)
    assert (first["role"], UUID(first["workspace"]), first["said"]) == ("proofroom_app", mine, "it's :said")
    for where in ((other, user), (other, None), (mine, user), (mine, user)):
        async with db.reading(*where) as connection:
            found = await seen(connection)
        assert found["connection"] == first["connection"]
        assert (found["workspace"], found["user"]) == (str(where[0]), str(where[1] or ""))
    async with db.anonymous() as session:
        nobody = await seen(connection_of(session))
    assert (nobody["workspace"], nobody["user"]) == ("", "")


async def refuse(db: Database, way: str) -> None:
    nonsense = Statement.of("SELECT nothing")
    if way == "tenant":
        async with db.tenant(uuid7()) as session:
            await sql.rows(connection_of(session), nonsense, {})
    elif way == "mappings":
        async with db.tenant(uuid7()) as session:
            await session.execute(text("SELECT nothing"))
    else:
        async with db.reading(uuid7(), uuid7()) if way == "reading" else db.autocommit() as connection:
            await sql.rows(connection, nonsense, {})


@pytest.mark.parametrize("way", ["reading", "tenant", "mappings", "autocommit"])
async def test_what_was_refused_is_over(db: Database, way: str) -> None:
    with pytest.raises(ProgrammingError):
        await refuse(db, way)
    mine = uuid7()
    async with db.reading(mine, uuid7()) as connection:
        assert UUID((await seen(connection))["workspace"]) == mine
    async with db.autocommit() as connection:
        assert (await seen(connection))["role"] == "proofroom_service"


async def test_nobody_gets_a_connection_that_was_cut_off_in_mid_statement(db: Database) -> None:
    async def read() -> None:
        async with db.reading(uuid7(), uuid7()) as connection:
            await sql.rows(connection, SLEEP, {})

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    mine = uuid7()
    async with db.reading(mine, uuid7()) as connection:
        assert UUID((await seen(connection))["workspace"]) == mine


async def test_a_session_whose_connection_breaks_takes_nobody_along(db: Database, postgres: Server) -> None:
    mine, lost = uuid7(), 0

    async def lose() -> None:
        nonlocal lost
        async with db.tenant(mine) as session:
            lost = (await seen(connection_of(session)))["connection"]
            postgres.admin.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
            await session.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        await lose()
    async with db.tenant(mine) as session:
        found = await seen(connection_of(session))
    assert found["connection"] != lost
    assert UUID(found["workspace"]) == mine
    assert pool_use(db) == (0, 1)


async def test_a_connection_that_the_pool_does_not_keep_is_closed(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    sizes = {"database_pool_size": 1, "database_max_overflow": 1}
    db = Database(settings.model_copy(update=sizes))
    async with db.autocommit() as kept, db.autocommit() as other:
        pids = {(await seen(connection))["connection"] for connection in (kept, other)}
    alive = Statement.of("SELECT pid FROM pg_stat_activity WHERE pid = ANY(:pids)")
    async with db.autocommit() as connection, asyncio.timeout(PATIENCE_SECONDS):
        while len(await sql.rows(connection, alive, {"pids": list(pids)})) > 1:
            await asyncio.sleep(0.02)
    assert len(pids) == 2
    assert caplog.records == []
    await db.dispose()


async def test_nobody_reads_through_a_pooler_that_would_mix_up_workspaces(
    settings: Settings, postgres: Server, tmp_path: Path
) -> None:
    through = make_url(settings.database_url.get_secret_value()).set(query={"host": str(tmp_path)})
    address = SecretStr(through.render_as_string(hide_password=False))
    db = Database(settings.model_copy(update={"database_url": address}))
    host, port = postgres.admin.info.host, postgres.admin.info.port
    async with dropping_options(Path(host, f".s.PGSQL.{port}"), tmp_path):
        for way in (db.reading(uuid7()), db.functions(), db.autocommit()):
            with pytest.raises(ConfigurationError, match="pooler"):
                async with way:
                    pass
        await db.dispose()


async def test_a_worker_finds_what_is_due_by_the_index_alone(db: Database) -> None:
    """A bitmap would be made of all that was due since the last vacuum, at each claim."""
    due = "SELECT id FROM platform_states WHERE due_at <= now() ORDER BY due_at LIMIT 16"
    async with db.autocommit() as connection:
        plan = "\n".join(
            row["QUERY PLAN"] for row in await sql.rows(connection, Statement.of(f"EXPLAIN {due}"), {})
        )
    assert "using ix_platform_states_due_at" in plan
    assert "Bitmap" not in plan
    assert "Sort" not in plan
