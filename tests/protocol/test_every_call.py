"""Every call of LangGraph's SDK, those that it has learnt since included: served, or refused in words."""

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.schema import RunCreate, StreamPart

from core.settings import Settings
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}
REJECT: Any = {"resume": {"decision": "reject"}}


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


@dataclass(frozen=True, slots=True)
class Some:
    """A client, and a thread of its user that waits for a decision, with the run that brought it there."""

    client: LangGraphClient
    thread_id: str
    run_id: str
    fresh_id: str
    """A thread that has not begun."""


Call = Callable[[Some], Awaitable[object]]

SERVED: dict[str, Call] = {
    "assistants.count": lambda some: some.client.assistants.count(),
    "assistants.get": lambda some: some.client.assistants.get("x"),
    "assistants.get_graph": lambda some: some.client.assistants.get_graph("x", xray=True),
    "assistants.get_schemas": lambda some: some.client.assistants.get_schemas("x"),
    "assistants.get_subgraphs": lambda some: some.client.assistants.get_subgraphs("x", recurse=True),
    "assistants.get_versions": lambda some: some.client.assistants.get_versions("x"),
    "assistants.search": lambda some: some.client.assistants.search(),
    "crons.count": lambda some: some.client.crons.count(),
    "crons.search": lambda some: some.client.crons.search(),
    "runs.cancel": lambda some: _cancelled(some),
    "runs.cancel_many": lambda some: some.client.runs.cancel_many(status="pending"),
    "runs.create": lambda some: some.client.runs.create(some.fresh_id, "x", input=INPUT, after_seconds=60),
    "runs.create_batch": lambda some: some.client.runs.create_batch(
        [cast("RunCreate", {"assistant_id": "x", "input": INPUT, "after_seconds": 60})]
    ),
    "runs.delete": lambda some: _deleted(some),
    "runs.get": lambda some: some.client.runs.get(some.thread_id, some.run_id),
    "runs.join": lambda some: some.client.runs.join(some.thread_id, some.run_id),
    "runs.join_stream": lambda some: _first(some.client.runs.join_stream(some.thread_id, some.run_id)),
    "runs.list": lambda some: some.client.runs.list(some.thread_id),
    "runs.stream": lambda some: _first(some.client.runs.stream(None, "x", input=INPUT)),
    "runs.wait": lambda some: some.client.runs.wait(None, "x", input=INPUT),
    "store.list_namespaces": lambda some: some.client.store.list_namespaces(["any"]),
    "store.search_items": lambda some: some.client.store.search_items(["any"]),
    "threads.count": lambda some: some.client.threads.count(),
    "threads.create": lambda some: some.client.threads.create(),
    "threads.delete": lambda some: _deleted_thread(some),
    "threads.get": lambda some: some.client.threads.get(some.thread_id),
    "threads.get_history": lambda some: some.client.threads.get_history(some.thread_id),
    "threads.get_state": lambda some: some.client.threads.get_state(some.thread_id),
    "threads.join_stream": lambda some: _first(_join(some, last_event_id="-1")),
    "threads.search": lambda some: some.client.threads.search(),
    "threads.stream": lambda some: _opened(some),
    "threads.update": lambda some: some.client.threads.update(some.thread_id, metadata={"team": "press"}),
    "threads.update_state": lambda some: some.client.threads.update_state(
        some.thread_id, {}, as_node="generate"
    ),
}
REFUSED: dict[str, Call] = {
    "assistants.create": lambda some: some.client.assistants.create("x"),
    "assistants.delete": lambda some: some.client.assistants.delete("x"),
    "assistants.set_latest": lambda some: some.client.assistants.set_latest("x", 1),
    "assistants.update": lambda some: some.client.assistants.update("x", graph_id="x"),
    "crons.create": lambda some: some.client.crons.create("x", schedule="0 8 * * *"),
    "crons.create_for_thread": lambda some: some.client.crons.create_for_thread(
        some.thread_id, "x", schedule="0 8 * * *"
    ),
    "crons.delete": lambda some: some.client.crons.delete(str(uuid4())),
    "crons.update": lambda some: some.client.crons.update(str(uuid4()), enabled=False),
    "store.delete_item": lambda some: some.client.store.delete_item(["any"], "key"),
    "store.get_item": lambda some: some.client.store.get_item(["any"], "key"),
    "store.put_item": lambda some: some.client.store.put_item(["any"], "key", {}),
    "threads.copy": lambda some: some.client.threads.copy(some.thread_id),
    "threads.join_stream of state updates": lambda some: _first(_join(some, stream_mode="state_update")),
    "threads.prune": lambda some: some.client.threads.prune([some.thread_id]),
}


@pytest.fixture
async def some(sdk: Sdk, author: Author) -> Some:
    client = sdk(author.user)
    thread_id, fresh_id = [(await client.threads.create())["thread_id"] for _ in range(2)]
    await client.runs.wait(thread_id, "x", input=INPUT)
    (run,) = await client.runs.list(thread_id)
    return Some(client, thread_id, run["run_id"], fresh_id)


def test_no_call_is_left_out(sdk: Sdk) -> None:
    client = sdk()
    public = {
        f"{name}.{method}"
        for name in ("assistants", "threads", "runs", "crons", "store")
        for method, _ in inspect.getmembers(getattr(client, name), inspect.ismethod)
        if not method.startswith("_")
    }
    assert public == SERVED.keys() | {name.partition(" ")[0] for name in REFUSED}


async def test_each_is_served_or_refused_in_words(some: Some) -> None:
    for name, call in SERVED.items():
        try:
            await call(some)
        except httpx.HTTPStatusError as error:
            pytest.fail(f"{name}: {_said(error)}")
    for name, call in REFUSED.items():
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await call(some)
        problem = json.loads(_said(refused.value))
        assert problem["status"] in {403, 404, 422}, name
        assert problem["code"] in {"Forbidden", "NotFound", "Invalid"}, name
        assert "Nothing is at this address" not in problem["detail"], name


async def test_all_runs_of_a_thread_are_told_in_one_stream(some: Some) -> None:
    """From its first run, from any event, or from now on; each run in its own modes."""
    client = some.client
    told = [each async for each in _until_done(_join(some, last_event_id="-1"))]
    assert [each.event for each in told] == ["metadata", *["values"] * (len(told) - 2), "metadata"]
    assert told[0].data == {"run_id": some.run_id, "attempt": 1}
    assert told[-2].data["__interrupt__"]
    assert told[-1].data == {"status": "run_done", "run_id": some.run_id}
    rest = [each async for each in _until_done(_join(some, last_event_id=told[1].id))]
    assert rest == told[2:]

    run = await client.runs.create(some.thread_id, "x", command=REJECT, stream_mode=["updates"])
    after = {"last_event_id": told[-1].id}
    seen = [each async for each in _until_done(_join(some, **after))]
    assert [each.event for each in seen] == ["metadata", "updates", "metadata"]
    assert seen[0].data["run_id"] == run["run_id"]
    lives = _join(some, stream_mode="lifecycle", **after)
    assert [each async for each in _until_done(lives)] == [seen[0], seen[2]]
    for wrong in ("9", f"{some.run_id}:nine", f"{some.run_id}"):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await _first(_join(some, last_event_id=wrong))
        assert refused.value.response.status_code == 422


async def _until_done(stream: AsyncIterator[StreamPart]) -> AsyncIterator[StreamPart]:
    async for part in stream:
        yield part
        if part.event == "metadata" and part.data.get("status") == "run_done":
            return


async def _first(stream: AsyncIterator[StreamPart]) -> StreamPart | None:
    return await anext(stream, None)


async def _join(some: Some, **how: Any) -> AsyncIterator[StreamPart]:
    async for part in await some.client.threads.join_stream(some.thread_id, **how):
        yield part


async def _cancelled(some: Some) -> None:
    run = await some.client.runs.create(None, "x", input=INPUT, after_seconds=60)
    await some.client.runs.cancel(run["thread_id"], run["run_id"])


async def _deleted(some: Some) -> None:
    run = await some.client.runs.create(None, "x", input=INPUT)
    await some.client.runs.join(run["thread_id"], run["run_id"])
    await some.client.runs.delete(run["thread_id"], run["run_id"])


async def _deleted_thread(some: Some) -> None:
    await some.client.threads.delete((await some.client.threads.create())["thread_id"])


async def _opened(some: Some) -> None:
    async with some.client.threads.stream(some.thread_id, assistant_id="x") as thread:
        await anext(thread.events)


def _said(error: httpx.HTTPStatusError) -> str:
    """By the server: the SDK keeps it as a note where it has read it already."""
    return "".join(getattr(error, "__notes__", ())) or error.response.text
