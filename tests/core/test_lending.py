"""Connections that are lent again and again."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core import sql
from core.db import Database, libpq_url
from core.settings import Settings
from core.sql import Statement
from services.operations.health import pool_use
from tests.patience import PATIENCE_SECONDS
from tests.plugins.postgres import Server

PID = Statement.of("SELECT pg_backend_pid() AS pid")
SLOW = Statement.of("SELECT pg_sleep(60)")


async def lent(db: Database) -> int:
    async with db.functions() as connection:
        (row,) = await sql.rows(connection, PID, {})
    return int(row["pid"])


async def test_the_last_one_is_lent_again_while_the_server_keeps_it(
    db: Database, settings: Settings, postgres: Server
) -> None:
    first = await lent(db)
    assert await lent(db) == first
    assert pool_use(db) == (0, 1)

    async with db.functions() as one, db.functions() as other:
        assert one is not other
        assert pool_use(db)[0] == 2
    assert pool_use(db) == (0, 2)

    with psycopg.connect(libpq_url(settings)) as connection:
        name = connection.info.dbname
    postgres.admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
    )
    assert await lent(db) != first


async def test_what_was_cut_off_and_what_failed_leave_nothing_behind(db: Database) -> None:
    async with db.functions() as connection:
        cut = asyncio.create_task(sql.rows(connection, SLOW, {}))
        await asyncio.sleep(0.05)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
    with pytest.raises(ProgrammingError):
        async with db.functions() as connection:
            await connection.execute("SELECT nothing FROM nowhere")
    assert await lent(db) == await lent(db)
    assert pool_use(db) == (0, 1)


async def test_the_pool_takes_its_sizes_from_the_settings(settings: Settings) -> None:
    database = Database(settings.model_copy(update={"database_pool_size": 3}))
    async with database.service() as session:
        assert await session.scalar(text("SHOW search_path")) == "public,langgraph,procrastinate"
        assert await session.scalar(text("SELECT current_user")) == "proofroom_service"
    assert database.tenants.pool.status().startswith("Pool size: 3 ")
    await database.dispose()


async def test_who_waits_for_a_connection_is_lent_the_next_one_that_is_free(settings: Settings) -> None:
    sizes = {"database_pool_size": 1, "database_max_overflow": 0}
    db = Database(settings.model_copy(update=sizes))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert len({*await asyncio.gather(*(lent(db) for _ in range(5)))}) == 1
    assert pool_use(db) == (0, 1)
    await db.dispose()
