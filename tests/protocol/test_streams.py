"""Streams of runs as LangGraph's own SDK reads them, told by a process that does not run the graph."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from langgraph_sdk.errors import UnprocessableEntityError
from langgraph_sdk.schema import StreamPart
from sqlalchemy import text as text_of
from uuid_utils.compat import uuid7

from agents.base import Meter, ModelCall, Usage, WriteRequest, Written
from core.errors import BudgetExceeded
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk
from tests.plugins.scene import HASH, Words

if TYPE_CHECKING:
    from core.db import Database

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}
MODES: list[Any] = [
    "values", "updates", "messages", "messages-tuple", "custom", "tasks", "checkpoints", "events", "debug"
]  # fmt: skip


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


async def parts(stream: AsyncIterator[Any]) -> list[StreamPart]:
    return [part async for part in stream]


def of(found: list[StreamPart], event: str) -> list[Any]:
    return [part.data for part in found if part.event == event]


async def test_every_mode_tells_the_run_and_can_be_told_again(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    thread_id = (await client.threads.create())["thread_id"]
    seen: list[Any] = []
    told = await parts(
        client.runs.stream(
            thread_id,
            "x",
            input=INPUT,
            stream_mode=MODES,
            stream_subgraphs=True,
            stream_resumable=True,
            on_run_created=seen.append,
        )
    )
    run_id = seen[0]["run_id"]
    assert (told[0].event, told[0].data) == ("metadata", {"run_id": run_id, "attempt": 1})
    assert [list(update) for update in of(told, "updates")] == [["generate"], ["evaluate"], ["__interrupt__"]]
    (asked,) = of(told, "values")[-1]["__interrupt__"]
    assert asked["value"]["kind"] == "review"
    assert {task["name"] for task in of(told, "tasks")} == {"generate", "evaluate", "human_review"}
    assert [each["metadata"]["step"] for each in of(told, "checkpoints")] == [-1, 0, 1, 2]
    assert {each["type"] for each in of(told, "debug")} == {"checkpoint", "task", "task_result"}
    named = [(each["event"], each["name"]) for each in of(told, "events")]
    assert (named[0], named[-1]) == (("on_chain_start", "x"), ("on_chain_end", "x"))
    assert ("on_chain_end", "generate") in named
    draft = of(told, "values")[-1]["drafts"][0]["content"]
    assert [message["content"] for (message,) in of(told, "messages/complete")] == [draft]

    again = await parts(client.runs.join_stream(thread_id, run_id, last_event_id="-1"))
    # What was heard while it was written is not told again, and has no id: the SDK shows the one before.
    kept = [part for before, part in pairwise(told) if part.id != before.id]
    assert [(part.event, part.data) for part in again] == [
        (part.event, part.data) for part in (*told[:2], *kept)
    ]
    half = kept[len(kept) // 2]
    rest = await parts(client.runs.join_stream(thread_id, run_id, last_event_id=half.id))
    assert [part.id for part in rest] == [part.id for part in kept[len(kept) // 2 + 1 :]]

    answer = client.runs.stream(thread_id, "x", command={"resume": {"decision": "accept"}}, version="v2")
    accepted: Any = await parts(answer)
    assert [part["type"] for part in accepted] == ["metadata", "values", "values"]
    assert accepted[-1]["interrupts"][0]["value"]["kind"] == "publish"
    values = await parts(client.runs.join_stream(thread_id, run_id, stream_mode=["updates", "values"]))
    assert {part.event for part in values} == {"metadata", "updates", "values"}
    assert all(part.id is None for part in accepted if isinstance(part, StreamPart))
    for mode in ("tools", "lifecycle"):
        refused = await author.user.post(
            f"/threads/{thread_id}/runs/stream",
            json={"assistant_id": "x", "input": INPUT, "stream_mode": mode},
        )
        assert refused.status_code == 422


@dataclass
class Typist(Words):
    """Writes a word at a time, and slowly; the last one when it may."""

    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        call = ModelCall(uuid7(), "writer", self.model, HASH, self.max_cost)
        await meter.before(call)
        for word in ("One ", "word ", "after "):
            await meter.delta(call, word)
        await self.may_end.wait()
        await meter.after(call, Usage(10, 20, self.cost, 5, "completed"))
        return await super().write(request, meter)


@pytest.fixture
async def typist(settings: Settings) -> AsyncIterator[Typist]:
    from worker.main import run

    typist, stop = Typist(iter(["One word after the other."])), asyncio.Event()
    running = asyncio.create_task(run(settings, stop, agents=(typist, typist)))
    yield typist
    typist.may_end.set()
    stop.set()
    await running


async def test_text_is_told_as_it_is_written(sdk: Sdk, api: Api, typist: Typist) -> None:
    client = sdk(await api.user())
    modes: list[Any] = ["messages-tuple", "messages", "custom", "events"]
    told: list[StreamPart] = []
    async for part in client.runs.stream(None, "x", input=INPUT, stream_mode=modes):
        told.append(part)
        if part.event == "messages/partial":
            typist.may_end.set()
    chunks = [message for message, _ in of(told, "messages")]
    assert "".join(chunk["content"] for chunk in chunks[:-1]) == "One word after "
    assert {chunk["type"] for chunk in chunks[:-1]} == {"AIMessageChunk"}
    assert (chunks[-1]["type"], chunks[-1]["content"]) == ("ai", "One word after the other.")
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert of(told, "messages")[0][1]["langgraph_node"] == "generate"
    assert of(told, "messages/partial")[-1][0]["content"] == "One word after "
    assert "".join(each["text"] for each in of(told, "custom")) == "One word after "
    assert "on_chat_model_stream" in {each["event"] for each in of(told, "events")}


async def test_a_piece_that_comes_after_its_draft_is_not_taken_for_the_next(
    sdk: Sdk, api: Api, typist: Typist, db: "Database"
) -> None:
    client = sdk(await api.user())
    typist.may_end.set()
    thread = await client.threads.create()
    await client.runs.wait(thread["thread_id"], "x", input=INPUT)
    typist.may_end.clear()
    metadata: Any = (await client.threads.get(thread["thread_id"]))["metadata"]
    about = {"workflow_id": metadata["workflow_id"], "thread_id": thread["thread_id"], "platform": "x"}

    async def say(sequence: int, words: str) -> None:
        piece = orjson.dumps({**about, "sequence": sequence, "text": words}).decode()
        async with db.service() as session:
            await session.execute(text_of("SELECT pg_notify('proofroom_deltas', :piece)"), {"piece": piece})

    told: list[str] = []
    again: Any = {"resume": {"decision": "regenerate", "feedback": "Say it again."}}
    async for part in client.runs.stream(thread["thread_id"], "x", command=again, stream_mode="custom"):
        if part.event != "custom":
            continue
        if not told:
            await say(0, "too late ")
            await say(1, "in time")
        told.append(part.data["text"])
        if "in time" in part.data["text"]:
            typist.may_end.set()
    assert "".join(told) == "One word after in time"


async def test_a_run_may_take_the_place_of_the_one_under_way(sdk: Sdk, api: Api, typist: Typist) -> None:
    """What that one brings is too late; a post that may be out is not interrupted, and nothing is rolled back."""
    client = sdk(await api.user())
    typist.may_end.set()
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "x", input=INPUT)
    typist.may_end.clear()
    again: Any = {"resume": {"decision": "regenerate", "feedback": "Say it again."}}
    first = ""
    async for part in client.runs.stream(
        thread_id, "x", command=again, stream_mode="custom", on_disconnect="continue"
    ):
        if part.event == "metadata":
            first = part.data["run_id"]
        if part.event == "custom":
            break
    instead: Any = {"goto": "generate", "update": {"feedback": "No, shorter."}}
    with pytest.raises(UnprocessableEntityError):
        await client.runs.create(thread_id, "x", command=instead, multitask_strategy="rollback")
    waiting = asyncio.create_task(client.runs.join(thread_id, first))
    second = await client.runs.create(thread_id, "x", command=instead, multitask_strategy="interrupt")
    assert await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    typist.may_end.set()
    values: Any = await client.runs.join(thread_id, second["run_id"])
    assert [draft["sequence"] for draft in values["drafts"]] == [0, 1]
    assert "No, shorter." in values["drafts"][1]["content"]
    runs = {run["run_id"]: run["status"] for run in await client.runs.list(thread_id)}
    assert (runs[first], runs[second["run_id"]]) == ("interrupted", "success")


async def test_who_leaves_may_cancel_the_run(sdk: Sdk, api: Api, typist: Typist) -> None:
    user = await api.user()
    client = sdk(user)
    cancelled = await _begin_and_leave(sdk, user, "cancel")
    await client.runs.join(*cancelled)
    assert (await client.runs.get(*cancelled))["status"] == "interrupted"
    left = await _begin_and_leave(sdk, user, "continue")
    assert (await client.runs.get(*left))["status"] == "running"
    typist.may_end.set()
    await client.runs.join(*left)
    assert (await client.runs.get(*left))["status"] == "success"


async def _begin_and_leave(sdk: Sdk, user: User, on_disconnect: str) -> tuple[str, str]:
    """The thread and the run of one that was read until it wrote."""
    body = {"assistant_id": "x", "input": INPUT, "on_disconnect": on_disconnect, "stream_mode": "custom"}
    headers = {"Authorization": user.headers["Authorization"]}
    async with (
        httpx.AsyncClient(base_url=sdk.url, headers=headers, trust_env=False) as client,
        client.stream("POST", "/runs/stream", json=body) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line == "event: custom":
                break
        _, _, thread_id, _, run_id = answer.headers["content-location"].split("/")
    return thread_id, run_id


async def test_what_went_wrong_is_told(sdk: Sdk, api: Api, settings: Settings) -> None:
    from worker.main import run

    client = sdk(await api.user())
    words, stop = Words(iter([BudgetExceeded("The month is spent.")] * 2)), asyncio.Event()
    running = asyncio.create_task(run(settings, stop, agents=(words, words)))
    try:
        told = await parts(client.runs.stream(None, "x", input=INPUT))
        assert told[-1].event == "error"
        assert told[-1].data == {"error": "BudgetExceeded", "message": "The month is spent."}
        with pytest.raises(Exception, match="BudgetExceeded: The month is spent"):
            await client.runs.wait(None, "x", input=INPUT)
        (failed, _) = await client.threads.search(status="error")
        again: Any = await client.runs.wait(failed["thread_id"], "x")
        assert again["__interrupt__"]
    finally:
        stop.set()
        await running


async def test_when_the_process_ends_clients_go_on_elsewhere(sdk: Sdk, api: Api) -> None:
    """What is cut off is no answer: the SDK looks at the run, sees that it is not over, and comes back."""
    user = await api.user()
    client = sdk(user)
    run = await client.runs.create(None, "x", input=INPUT, after_seconds=60)
    path = f"/threads/{run['thread_id']}/runs/{run['run_id']}"
    headers = {"Authorization": user.headers["Authorization"]}
    async with httpx.AsyncClient(base_url=sdk.url, headers=headers, trust_env=False) as direct:
        api.app.state.listener.end()
        with pytest.raises(httpx.RemoteProtocolError):
            await direct.get(f"{path}/join")
        cut = await direct.get(f"{path}/stream", headers={"Accept": "text/event-stream"})
    assert "event: metadata" in cut.text
    assert "event: end" not in cut.text
    assert (await client.runs.get(run["thread_id"], run["run_id"]))["status"] == "pending"


async def test_what_is_on_record_is_told_when_checkpoints_are_gone(
    sdk: Sdk, author: Author, db: "Database", settings: Settings
) -> None:
    from services.operations.routines import remove_checkpoints

    client = sdk(author.user)
    made: list[Any] = []
    await client.runs.wait(None, "x", input=INPUT, on_run_created=made.append)
    thread_id, run_id = made[0]["thread_id"], made[0]["run_id"]
    ended: Any = await client.runs.wait(thread_id, "x", command={"resume": {"decision": "reject"}})
    await remove_checkpoints(db, settings.model_copy(update={"checkpoint_keep_hours": 0}))
    (values,) = of(await parts(client.runs.join_stream(thread_id, run_id)), "values")
    assert values["outcome"] == ended["outcome"] == "rejected"
    assert values["drafts"][0]["content"] == ended["drafts"][0]["content"]
    assert await client.runs.join(thread_id, run_id) == values
