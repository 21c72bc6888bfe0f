"""The stream of a workspace's events, over a real socket."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from httpx_sse import ServerSentEvent
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api import workspace_stream
from core.db import Database, libpq_url
from core.errors import Unauthenticated
from core.principal import Principal, Role
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.author import Author
from tests.plugins.events import Events, begun, following, take
from tests.plugins.postgres import Server

COMMITS, TIMES = 40, 10

_WRITE = text("""
SELECT record_event(:workspace_id, gen_random_uuid(), NULL, 'test', 'test', NULL, NULL,
    jsonb_build_object('type', CAST(:type AS text), 'what', CAST(:what AS text))) FROM generate_series(1, :times)
""")


async def write(
    session: AsyncSession, user: User, what: str, kind: str = "job.status", times: int = 1
) -> None:
    given = {"workspace_id": user.workspace_id, "what": what, "type": kind, "times": times}
    await session.execute(_WRITE, given)


async def happen(db: Database, user: User, what: str, kind: str = "job.status") -> None:
    async with db.service() as session:
        await write(session, user, what, kind)


async def until(events: Events, kind: str) -> list[ServerSentEvent]:
    found = await take(events, 1)
    while found[-1].event != kind:
        found += await take(events, 1)
    return found


def said(events: list[ServerSentEvent]) -> list[Any]:
    return [event.json()["what"] for event in events]


async def test_all_that_happens_in_a_workspace_is_told(author: Author, live_url: str) -> None:
    async with following(live_url, author.user) as events:
        position = await begun(events)
        started = [await author.start(name) for name in ("x", "blog")]
        told: list[ServerSentEvent] = []
        while sum(event.event == "review.requested" for event in told) < 2:
            told += await take(events, 1)
        workflow = await author.rested(started[0]["id"])
        review = await author.accept(workflow, "x")
        told += await until(events, "post.published")
    assert {event.event for event in told} >= {
        "thread.status", "draft.created", "evaluation.created", "review.requested", "review.decided", "job.status",
        "post.published", "workflow.status",
    }  # fmt: skip
    assert {event.json()["workflow_id"] for event in told} == {each["id"] for each in started}
    for event in told:
        payload = event.json()
        assert event.event == payload["type"]
        assert event.event == "workflow.status" or {"thread_id", "platform"} <= payload.keys()
    decided = next(event.json() for event in told if event.event == "review.decided")
    assert decided["review_id"] == review["id"]

    for after in (position, told[4].id):
        rest = told if after == position else told[5:]
        async with following(live_url, author.user, last_event_id=after) as events:
            again = await take(events, len(rest))
        assert [(event.id, event.data) for event in again] == [(each.id, each.data) for each in rest]


async def test_a_long_absence_is_made_up_for_and_goes_on(api: Api, db: Database, live_url: str) -> None:
    user = await api.user()
    async with following(live_url, user) as events:
        position = await begun(events)
    async with db.service() as session:
        await write(session, user, "missed", times=450)
    async with following(live_url, user) as other, following(live_url, user, after=position) as events:
        assert len(await take(events, 450)) == 450
        await begun(other)
        await happen(db, user, "then")
        assert said(await take(events, 1)) == ["then"]
        # "Now" is before all that is under way anywhere on the server, so that nothing is missed.
        while said(await take(other, 1)) != ["then"]:
            pass


async def test_an_event_that_commits_late_is_not_skipped(api: Api, db: Database, live_url: str) -> None:
    user = await api.user()
    async with following(live_url, user) as events:
        await begun(events)
        async with db.service() as early:
            await write(early, user, "early")
            await happen(db, user, "late")
            waiting = asyncio.create_task(take(events, 2))
            # The later transaction has committed; the earlier one, with the lower position, has not.
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done
            async with following(live_url, user) as second:
                position = await begun(second)
        told = await waiting
    assert said(told) == ["early", "late"]
    async with following(live_url, user, after=position) as events:
        assert said(await take(events, 2)) == ["early", "late"]


async def test_only_the_wanted_types_of_ones_own_workspace_are_told(
    api: Api, db: Database, live_url: str
) -> None:
    user, stranger = await api.user(), await api.user()
    async with (
        following(live_url, user, types="review.requested,review.decided") as events,
        following(live_url, stranger) as others,
    ):
        position = await begun(events)
        await begun(others)
        await happen(db, user, "not asked for")
        await happen(db, user, "asked for", "review.decided")
        await happen(db, stranger, "theirs", "review.decided")
        assert said(await take(events, 1)) == ["asked for"]
        assert said(await take(others, 1)) == ["theirs"]
    async with following(live_url, user, after=position, types="review.decided") as events:
        assert said(await take(events, 1)) == ["asked for"]


async def test_bad_wishes_are_refused(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    answer = await user.get("/v1/events", params={"types": "review.requested,reviews"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"parameter": "query.types", "detail": "reviews: there is no such type."}
    ]
    answer = await user.get("/v1/events", params={"last_event_id": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "query.last_event_id")
    answer = await stranger.get("/v1/events", headers={"X-Workspace-Id": str(user.workspace_id)})
    assert answer.status_code == 404
    assert (await api.client().get("/v1/events")).status_code == 401


async def test_news_is_read_once_for_all_who_follow(
    api: Api, db: Database, live_url: str, settings: Settings, postgres: Server
) -> None:
    with psycopg.connect(libpq_url(settings)) as connection:
        database = sql.Identifier(connection.info.dbname)
    postgres.admin.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(database))
    user = await api.user()
    async with AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(following(live_url, user)) for _ in range(20)]
        for events in followers:
            await begun(events)
        since = postgres.log_file.stat().st_size
        news = 3
        for number in range(news):
            await happen(db, user, str(number))
            told = [said(await take(events, 1)) for events in followers]
            assert told == [[str(number)]] * len(followers)
        logged = postgres.log_file.read_bytes()[since:]
    # One for each, and again while another transaction of this server (a neighbouring test's,
    # too) is under way: far from one for each follower, which is what it would be unshared.
    assert news <= logged.count(b"read_workspace_events") < news * len(followers)


async def test_a_slow_one_is_dropped_and_nobody_else(api: Api, db: Database, live_url: str) -> None:
    user = await api.user()
    async with following(live_url, user) as quick, following(live_url, user) as slow:
        await begun(quick)
        await begun(slow)
        told: list[ServerSentEvent] = []
        for _ in range(COMMITS):  # more than any buffer on the way takes
            async with db.service() as session:
                await write(session, user, "x" * 50_000, times=TIMES)
            told += await take(quick, TIMES)
        heard = [event async for event in slow]
        assert 0 < len(heard) < len(told)
        async with following(live_url, user, after=heard[-1].id) as events:
            rest = await take(events, len(told) - len(heard))
    assert [event.id for event in (*heard, *rest)] == [event.id for event in told]


async def test_lost_connections_to_the_database_cost_nobody_an_event(
    api: Api, db: Database, live_url: str, settings: Settings, postgres: Server
) -> None:
    user = await api.user()
    async with following(live_url, user) as events:
        await begun(events)
        with psycopg.connect(libpq_url(settings)) as connection:
            name = connection.info.dbname
        postgres.admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        await happen(db, user, "meanwhile")
        assert said(await take(events, 1)) == ["meanwhile"]


async def test_who_is_not_welcome_any_longer_is_let_go(api: Api, db: Database, live_url: str) -> None:
    """As `authenticate` has it, whatever that asks."""
    user = await api.user()
    asked = 0

    async def authenticate() -> Principal:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise Unauthenticated("Signed out.")
        return Principal(user.user_id, user.username, user.workspace_id, Role.OWNER)

    stream = workspace_stream.follow(api.app.state.feeds, user.workspace_id, authenticate, recheck_seconds=0)
    pieces = aiter(stream.body_iterator)
    with stream.held:
        first = await anext(pieces)
        assert isinstance(first, bytes)
        assert b"stream.position" in first
        await happen(db, user, "not told")
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(pieces), PATIENCE_SECONDS)


async def test_streams_end_when_the_process_does(api: Api, live_url: str) -> None:
    user = await api.user()
    async with following(live_url, user) as events:
        await begun(events)
        api.app.state.listener.end()  # as a SIGTERM does: tests/processes/test_rolling_restart.py
        assert (await take(events, 1))[0].retry == 500
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(events), PATIENCE_SECONDS)
