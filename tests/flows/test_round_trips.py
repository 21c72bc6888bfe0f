"""What a whole cycle asks of PostgreSQL, by the server's own log: these figures have no noise of the clock's."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from psycopg import sql
from sqlalchemy import make_url

from bench import statements
from bench.driver import Load, drive
from bench.null import NullAgents
from core.db import libpq_url
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api
from tests.plugins.postgres import Server
from worker.main import run

STATEMENTS = 18
COMMITS = 9
"""Each one or two more than a quiet machine takes."""
LOOKS = "read_events"
"""A caller's stream looks again while an older transaction of any test on this server is under way: not counted."""
TIMER = "UPDATE webhooks SET after_xid"
"""Once in two seconds, whatever is done meanwhile."""


@pytest.fixture
def settings(settings: Settings, postgres: Server, simulator_url: str) -> Settings:
    """As in production, not in the hurry of other tests: what polls would be counted."""
    database = sql.Identifier(make_url(libpq_url(settings)).database or "")
    for name, value in (("log_statement", "all"), ("log_parameter_max_length", "0")):
        postgres.admin.execute(
            sql.SQL("ALTER DATABASE {} SET {} = {}").format(database, sql.Identifier(name), value)
        )
    return settings.model_copy(update={"simulator_url": simulator_url})


@pytest.fixture
async def null_worker(settings: Settings) -> AsyncIterator[None]:
    stop, agents = asyncio.Event(), NullAgents()
    running = asyncio.create_task(run(settings, stop, agents=(agents, agents)))
    yield
    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_a_cycle_takes_few_round_trips(
    api: Api, live_url: str, null_worker: None, postgres: Server, settings: Settings
) -> None:
    database = make_url(libpq_url(settings)).database or ""
    owner = await api.user()
    program = await api.key(owner, "workflows:write", "reviews:decide", "read")
    (account,) = (await owner.get("/v1/accounts", params={"platform": "x"})).json()["items"]
    key = program.headers["Authorization"].removeprefix("Bearer ")

    async def cycle(warm_up: int = 0) -> statements.Asked:
        since = 0

        async def warm() -> None:
            nonlocal since
            since = postgres.log_file.stat().st_size

        await drive(Load((live_url,), key, (UUID(account["id"]),), callers=1, each=1, warm_up=warm_up), warm)
        return statements.read(postgres.log_file, since, database)

    # On a busy machine the worker's timers look once more: the quietest is the measure.
    counted = [await cycle(warm_up=2), *[await cycle() for _ in range(3)]]
    fewest = min(counted, key=lambda asked: len(asked.statements))
    timed = sum(TIMER in statement for statement in fewest.statements)
    own = [statement for statement in fewest.statements if LOOKS not in statement]
    assert 5 < len(own) - timed <= STATEMENTS, str(fewest)
    assert fewest.commits - timed <= COMMITS, str(fewest)
