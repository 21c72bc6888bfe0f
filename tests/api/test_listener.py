"""What a follower of a workflow is told by notifications alone: no more, no less and in no other order than it would read."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.listener import EVENTS_KEPT, Listener, Subscription
from core.db import Database, libpq_url
from core.settings import Settings
from services import events
from services.events import Event, Position
from tests.plugins.api import Api, User
from tests.plugins.postgres import Server

TOO_LONG = "x" * 8000
_WRITE = text("""
SELECT record_event(:workspace_id, :workflow_id, NULL, 'test', 'test', NULL, NULL,
    jsonb_build_object('type', 'test', 'what', CAST(:what AS text))) FROM generate_series(1, :times)
""")


@pytest.fixture
async def listener(settings: Settings) -> AsyncIterator[Listener]:
    made = Listener(settings)
    async with made.running():
        with made.subscribe(uuid4()) as news:
            await connected(news)
        yield made


async def connected(news: Subscription) -> None:
    """It is said to have missed what was written while there was no connection."""
    await becomes(news.take_missed)


async def becomes(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


class Writer:
    def __init__(self, db: Database, user: User, workflow_id: UUID) -> None:
        self.db = db
        self.user = user
        self.workflow_id = workflow_id

    async def write(
        self, session: AsyncSession, what: str, times: int = 1, about: UUID | None = None
    ) -> None:
        given = {"workspace_id": self.user.workspace_id, "workflow_id": about or self.workflow_id}
        await session.execute(_WRITE, {**given, "what": what, "times": times})

    async def happen(self, what: str, times: int = 1, about: UUID | None = None) -> None:
        async with self.db.service() as session:
            await self.write(session, what, times, about)

    async def told(self, news: Subscription, last: str, after: Position) -> list[Event]:
        """All up to the event that says so. Other tests' transactions keep it back: something else must go on happening."""
        found: list[Event] = []
        async with asyncio.timeout(10):
            while last not in said(found):
                await self.happen("meanwhile", about=uuid4())
                found += news.take_events(after)
        return found


@pytest.fixture
async def writer(api: Api, db: Database) -> Writer:
    user = await api.user()
    brief = {"source": {"type": "text", "text": "Something to say."}, "platforms": ["x"]}
    started = (await user.post("/v1/workflows", json=brief)).json()
    return Writer(db, user, UUID(started["id"]))


def said(found: list[Event]) -> list[str]:
    return [event.payload["what"] for event in found if event.type == "test"]


async def test_events_are_told_as_they_would_be_read(
    listener: Listener, writer: Writer, db: Database
) -> None:
    with listener.subscribe(writer.workflow_id) as news, listener.subscribe(uuid4()) as another:
        await writer.happen("first")
        await writer.happen("second, with a space\nand “more”")
        told = await writer.told(news, "second, with a space\nand “more”", Position())
        assert said(told) == ["first", "second, with a space\nand “more”"]
        assert news.take_events(Position()) == []
        assert another.take_events(Position()) == []
    async with db.functions() as connection:
        read = await events.read(connection, writer.user.workspace_id, writer.workflow_id, Position())
    assert read.events[-len(told) :] == told


async def test_what_commits_late_is_told_first(listener: Listener, writer: Writer, db: Database) -> None:
    with listener.subscribe(writer.workflow_id) as news:
        async with db.service() as early:
            await writer.write(early, "early")
            await writer.happen("late")
            await becomes(lambda: news.newest)
            assert said(news.take_events(Position())) == []
        told = await writer.told(news, "late", Position())
        assert said(told) == ["early", "late"]
        assert told == sorted(told, key=lambda event: event.position)


async def test_what_is_not_told_is_said_to_be_missed(
    listener: Listener, writer: Writer, settings: Settings, postgres: Server
) -> None:
    with listener.subscribe(writer.workflow_id) as news:
        await writer.happen(TOO_LONG)
        await becomes(news.take_missed)
        assert news.missed == news.newest

        await writer.happen("many", times=EVENTS_KEPT + 1)
        await becomes(lambda: news.newest > news.missed)
        async with asyncio.timeout(10):
            while not news.take_missed():
                await writer.happen("meanwhile", about=uuid4())
        assert news.missed == news.newest

    with listener.subscribe(writer.workflow_id) as late:
        assert late.missed >= news.newest
        assert not late.take_missed()

        with psycopg.connect(libpq_url(settings)) as connection:
            name = connection.info.dbname
        postgres.admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        await writer.happen("unheard")
        await connected(late)
        assert late.missed > news.newest
        await writer.happen("heard")
        assert "unheard" not in said(await writer.told(late, "heard", Position()))
