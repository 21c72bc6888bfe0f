"""The stream of a workflow's events, over a real socket."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.author import Author
from tests.plugins.openai_server import Answer, OpenAIServer

TOO_LONG_TO_NOTIFY = "x" * 8000
GARBAGE = ("x", "1", "1-", "-1", "1-2-3", "-1-2", "9" * 30 + "-1", "１-２", "1-2 ")


_WRITE = text("""
SELECT record_event(:workspace_id, CAST(:workflow_id AS uuid), NULL, 'test', 'test', NULL, NULL,
    jsonb_build_object('type', 'test', 'what', CAST(:what AS text)))
""")


async def write_event(session: AsyncSession, user: User, workflow_id: str, what: str) -> None:
    given = {"workspace_id": user.workspace_id, "workflow_id": workflow_id, "what": what}
    await session.execute(_WRITE, given)


@asynccontextmanager
async def connected(
    url: str, user: User, workflow_id: str, **more: Any
) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = {"Authorization": user.headers["Authorization"], **more.pop("headers", {})}
    async with (
        httpx.AsyncClient(
            base_url=url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False, verify=False
        ) as client,
        aconnect_sse(client, "GET", f"/v1/workflows/{workflow_id}/events", **more) as source,
    ):
        assert source.response.status_code == 200
        async with aclosing(source.aiter_sse()) as events:
            yield events


async def take(events: AsyncIterator[ServerSentEvent], count: int) -> list[ServerSentEvent]:
    return [await asyncio.wait_for(anext(events), PATIENCE_SECONDS) for _ in range(count)]


async def until(events: AsyncIterator[ServerSentEvent], kind: str, **fields: object) -> list[ServerSentEvent]:
    """Everything up to the first of that kind that has these fields."""
    found: list[ServerSentEvent] = []
    while not found or found[-1].event != kind or not fields.items() <= found[-1].json().items():
        found += await take(events, 1)
    return found


async def test_a_workflow_is_told_from_its_beginning_to_its_end(author: Author, live_url: str) -> None:
    started = await author.start("x")
    async with connected(live_url, author.user, started["id"]) as events:
        drafted = await until(events, "review.requested")
        workflow = await author.rested(started["id"])
        await author.accept(workflow, "x")
        published = await until(events, "post.published")
    kinds = {event.event for event in drafted}
    assert kinds >= {"thread.status", "draft.created", "evaluation.created", "review.requested"}
    assert {event.event for event in published} >= {"review.decided", "job.status", "workflow.status"}
    everything = [event for event in (*drafted, *published) if event.event != "draft.delta"]
    assert len({event.id for event in everything}) == len(everything)
    for event in everything:
        assert event.json()["type"] == event.event
        assert event.json()["workflow_id"] == started["id"]
    post = next(event.json() for event in published if event.event == "post.published")
    assert post["simulated"] is True
    assert post["url"]

    last = everything[3].id
    for how in ({"headers": {"Last-Event-ID": last}}, {"params": {"last_event_id": last}}):
        async with connected(live_url, author.user, started["id"], **how) as events:
            again = await take(events, len(everything) - 4)
        assert [(event.id, event.data) for event in again] == [
            (each.id, each.data) for each in everything[4:]
        ]


async def test_an_event_that_commits_late_is_not_skipped(api: Api, db: Database, live_url: str) -> None:
    user = await api.user()
    brief = {"source": {"type": "text", "text": "Something to say."}, "platforms": ["x"]}
    started = (await user.post("/v1/workflows", json=brief)).json()
    async with connected(live_url, user, started["id"]) as events:
        told = await take(events, 1)
        async with db.service(user.workspace_id) as early:
            await write_event(early, user, started["id"], "early")
            async with db.service(user.workspace_id) as late:
                await write_event(late, user, started["id"], "late")
            waiting = asyncio.create_task(take(events, 2))
            # The later transaction has committed; the earlier one, with the lower position, has not.
            done, _ = await asyncio.wait([waiting], timeout=0.5)
            assert not done
        told += await waiting
        async with db.service(user.workspace_id) as writer:
            await write_event(writer, user, started["id"], TOO_LONG_TO_NOTIFY)
        told += await take(events, 1)
    assert [event.json().get("what") for event in told] == [None, "early", "late", TOO_LONG_TO_NOTIFY]


_SESSIONS = text(
    "SELECT pid, EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS waits "
    "FROM pg_stat_activity a WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def sessions(db: Database) -> dict[int, bool]:
    """The database's, and whether each waits for a lock."""
    async with db.service() as session:
        return {row.pid: row.waits for row in await session.execute(_SESSIONS)}


async def test_a_watcher_who_leaves_takes_no_connection_along(api: Api, db: Database, live_url: str) -> None:
    user = await api.user()
    brief = {"source": {"type": "text", "text": "Something to say."}, "platforms": ["x"]}
    started = (await user.post("/v1/workflows", json=brief)).json()
    async with db.service(user.workspace_id) as writer:
        async with connected(live_url, user, started["id"]) as events:
            await take(events, 1)
            await writer.execute(text("LOCK TABLE processing_logs"))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not any((looking := await sessions(db)).values()):
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
        waited = {pid for pid, waits in looking.items() if waits}
        assert waited <= set(await sessions(db))


@pytest.mark.parametrize("how", ["header", "parameter"])
async def test_garbage_is_no_position(api: Api, how: str) -> None:
    user = await api.user()
    started = await user.post(
        "/v1/workflows", json={"source": {"type": "text", "text": "Say it."}, "platforms": ["x"]}
    )
    path = f"/v1/workflows/{started.json()['id']}/events"
    for garbage in GARBAGE:
        given = garbage.encode()
        answer = await (
            user.get(path, headers={b"Last-Event-ID": given})
            if how == "header"
            else user.get(path, params={"last_event_id": garbage})
        )
        assert answer.status_code == 422, garbage
        where = "header.Last-Event-ID" if how == "header" else "query.last_event_id"
        assert answer.json()["errors"][0]["parameter"] == where


async def test_somebody_elses_workflow_has_no_stream(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    started = await user.post(
        "/v1/workflows", json={"source": {"type": "text", "text": "Say it."}, "platforms": ["x"]}
    )
    answer = await stranger.get(f"/v1/workflows/{started.json()['id']}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


async def test_streams_end_when_the_process_does(api: Api, live_url: str) -> None:
    user = await api.user()
    started = await user.post(
        "/v1/workflows", json={"source": {"type": "text", "text": "Say it."}, "platforms": ["x"]}
    )
    async with connected(live_url, user, started.json()["id"]) as events:
        await take(events, 1)
        api.app.state.listener.end()  # as a SIGTERM does: tests/processes/test_rolling_restart.py
        assert (await asyncio.wait_for(anext(events), PATIENCE_SECONDS)).retry == 500
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(events), PATIENCE_SECONDS)


class TestWithAModel:
    @pytest.fixture
    def settings(self, settings: Settings, openai_server: OpenAIServer) -> Settings:
        return settings.model_copy(update={"openai_base_url": openai_server.base_url})

    async def test_text_is_passed_on_as_it_is_written(
        self, author: Author, live_url: str, openai_server: OpenAIServer
    ) -> None:
        words = "Restore one backup before you go home today, then look at the table that it names."
        listening = threading.Event()
        answer = Answer(content={"content": words}, chunk_delay=0.25, when=listening)
        openai_server.script(answer, kind="post")
        started = await author.start("x")
        async with connected(live_url, author.user, started["id"]) as events:
            listening.set()
            told = await until(events, "draft.created")
        deltas = [event for event in told if event.event == "draft.delta"]
        assert len(deltas) > 1
        assert words.startswith("".join(event.json()["text"] for event in deltas))
        assert {event.json()["thread_id"] for event in deltas} == {started["threads"][0]["thread_id"]}
        assert {event.json()["platform"] for event in deltas} == {"x"}
        written = {event.id for event in told if event.event != "draft.delta"}
        assert {event.id for event in deltas} <= written | {""}
