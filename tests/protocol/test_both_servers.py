"""The same graphs on the service and under `langgraph dev`: a client sees the same on both, up to the publish pause.

Each scenario is played on both servers at once, with threads of the same ids, and all that the SDK told in it is compared.
`_shared` has what one of them says and the other does not; `test_where_they_part` what each does when only one has a worker.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError

from core.settings import Settings
from platforms.registry import PlatformName
from tests.plugins.author import Author, with_simulators
from tests.plugins.protocol import Sdk

Scenario = Callable[[LangGraphClient], Awaitable[Any]]
Both = Callable[[Scenario], Awaitable[Any]]
Servers = tuple[LangGraphClient, LangGraphClient]

TEXT = "The ward cut waiting times by 40 % in March. Nurses now see 120 patients a day. It cost 9,000 euros."
INPUT: dict[str, Any] = {
    "source": {"type": "text", "text": TEXT, "title": None, "url": None, "id": None, "places": None},
    "options": {"max_rounds": 1, "quality_bar": 80},
}
"""With all that the service fills in of its own accord."""
MODES: list[Any] = ["values", "updates", "messages-tuple", "custom", "tasks"]
EDIT = {"content": "120 patients a day, and nobody waits."}
ACTION = "publish_x_post"
ANSWERS: dict[str, Any] = {
    "accept": {"decision": "accept"},
    "edit": {"decision": "edit", **EDIT},
    "edit, then look again": {"decision": "edit", "approve": False, **EDIT},
    "regenerate": {"decision": "regenerate", "feedback": "Say it shorter."},
    "reject": {"decision": "reject", "feedback": "Not now."},
    "Inbox accepts": [{"type": "accept", "args": None}],
    "Inbox edits": [{"type": "edit", "args": {"action": ACTION, "args": {**EDIT, "schedule_for": ""}}}],
    "Inbox responds": [{"type": "response", "args": "Say it shorter."}],
    "Inbox ignores": [{"type": "ignore", "args": None}],
    "approve": {"decisions": [{"type": "approve"}]},
    "edited action": {"decisions": [{"type": "edit", "edited_action": {"name": ACTION, "args": EDIT}}]},
    "rejected action": {"decisions": [{"type": "reject", "message": "Not now."}]},
}
TO_REVIEW = {"edit, then look again", "regenerate", "Inbox responds"}
TO_THE_END = {"reject", "Inbox ignores", "rejected action"}
RECEIPT = {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/ward/1"}
_ID = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


@pytest.fixture
async def servers(langgraph_dev: str, sdk: Sdk, author: Author) -> AsyncIterator[Servers]:
    """The service, and LangGraph's development server."""
    async with get_client(url=langgraph_dev, api_key=None) as development:
        yield sdk(author.user), development


@pytest.fixture
def both(servers: Servers) -> Both:
    """Plays a scenario on both, and answers what they told alike."""

    async def play(scenario: Scenario) -> Any:
        ours, theirs = map(_alike, await asyncio.gather(*map(scenario, servers)))
        assert ours == theirs
        return ours

    return play


def _alike(told: Any) -> Any:
    """Ids are called by the order in which they appear, and times are times."""
    names: dict[str, str] = {}
    text = json.dumps(_shared(told), sort_keys=True)
    text = _ID.sub(lambda found: names.setdefault(found[0], f"id {len(names)}"), text)
    return json.loads(_TIME.sub("time", text))


def _shared(told: Any) -> Any:
    if isinstance(told, list | tuple):
        return [_shared(each) for each in told]
    if not isinstance(told, dict):
        return told
    shared = {name: _shared(value) for name, value in told.items()}
    # The service's decisions are for a review and an account; without a service there is neither.
    shared |= dict.fromkeys({"review_id", "account_id"} & shared.keys())
    if "checkpoint" in shared and "metadata" in shared:
        # LangGraph's server writes into each checkpoint whose run made it, which is on record here; and it has no metadata
        # where there is no checkpoint.
        shared["metadata"] = _of(shared["metadata"] or {}, "source", "step", "parents")
        shared["created_at"] = None
    elif "triggers" in shared:
        shared["metadata"] = _of(shared["metadata"], "run_id", "graph_id", "assistant_id")
    elif "state_updated_at" in shared:
        # A thread of the service is a workflow's, and tells of an error or a pause also that there is none.
        shared = {name: value for name, value in shared.items() if value or name in {"values", "metadata"}}
        shared |= {"metadata": {**shared["metadata"], "workflow_id": None}, "config": None}
    return shared


def _of(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


async def _paused(client: LangGraphClient, thread_id: str) -> Any:
    """A new thread with this id that waits for its review; what it asks."""
    await client.threads.create(thread_id=thread_id)
    values: Any = await client.runs.wait(thread_id, "x", input=INPUT)
    return values["__interrupt__"][0]


async def _resumed(client: LangGraphClient, thread_id: str, answer: Any) -> Any:
    return await client.runs.wait(thread_id, "x", command={"resume": answer})


async def _streamed(client: LangGraphClient, thread_id: str, modes: Any, **run: Any) -> list[Any]:
    """But for drafts as messages and as custom events: LangGraph tells those of LangChain's models alone."""
    return [
        (part.event, part.data)
        async for part in client.runs.stream(thread_id, "x", stream_mode=modes, **run)
        if part.event not in {"messages", "custom"}
    ]


async def _refusal(call: Awaitable[object]) -> int:
    with pytest.raises(APIStatusError) as refused:
        await call
    return refused.value.status_code


async def test_assistants(both: Both) -> None:
    async def scenario(client: LangGraphClient) -> Any:
        found = {each["graph_id"]: each for each in await client.assistants.search()}
        assistant_id = found["x"]["assistant_id"]
        assert await client.assistants.get(assistant_id) == found["x"]
        drawing = await client.assistants.get_graph(assistant_id)
        schemas: Any = await client.assistants.get_schemas(assistant_id)
        return {
            "assistants": [{**found[name], "description": None} for name in sorted(found)],
            "exactly": [found[name]["assistant_id"][::-1] for name in sorted(found)],
            "of x": await client.assistants.search(graph_id="x", select=["graph_id", "name"]),
            "count": await client.assistants.count(),
            "nodes": sorted(str(node["id"]) for node in drawing["nodes"]),
            "edges": sorted(drawing["edges"], key=str),
            "subgraphs": await client.assistants.get_subgraphs(assistant_id),
            **_of(schemas, "context_schema", "input_schema", "output_schema"),
            "state": sorted(schemas["state_schema"]["properties"]),
        }

    told = await both(scenario)
    assert [each["graph_id"] for each in told["assistants"]] == sorted(PlatformName)
    context = told["context_schema"]["properties"]
    assert {"writer_model", "quality_bar", "max_rounds", "tone_of_voice"} <= context.keys()


async def test_a_thread_before_its_first_run(both: Both) -> None:
    thread_id = str(uuid4())
    ticket = {"ticket": thread_id}

    async def scenario(client: LangGraphClient) -> Any:
        threads = client.threads
        told: Any = {
            "made": await threads.create(thread_id=thread_id, metadata=ticket),
            "again": await _refusal(threads.create(thread_id=thread_id)),
            "as it is": await threads.create(thread_id=thread_id, if_exists="do_nothing"),
            "named": await threads.update(thread_id, metadata={"note": 1}),
            "read": await threads.get(thread_id),
            "state": await threads.get_state(thread_id),
            "history": await threads.get_history(thread_id),
            "count": await threads.count(metadata=ticket),
            "idle": await threads.search(metadata=ticket, status="idle"),
            "interrupted": await threads.search(metadata=ticket, status="interrupted"),
        }
        await threads.delete(thread_id)
        told["gone"] = [await _refusal(threads.get(thread_id)), await _refusal(threads.get_state(thread_id))]
        return told

    told = await both(scenario)
    assert (told["again"], told["count"], told["gone"]) == (409, 1, [404, 404])
    assert len(told["idle"]) == 1


async def test_a_run_to_the_review(both: Both) -> None:
    thread_id, streamed = str(uuid4()), {str(mode): str(uuid4()) for mode in [*MODES, MODES]}
    ticket = {"ticket": thread_id}

    async def scenario(client: LangGraphClient) -> Any:
        threads, made = client.threads, list[Any]()
        await threads.create(thread_id=thread_id, metadata=ticket)
        values: Any = await client.runs.wait(thread_id, "x", input=INPUT, on_run_created=made.append)
        again: Any = await client.runs.join(thread_id, made[0]["run_id"])
        assert again["__interrupt__"] == values["__interrupt__"]
        state: Any = await threads.get_state(thread_id)
        history: Any = await threads.get_history(thread_id, limit=100)
        earlier: Any = await threads.get_state(thread_id, checkpoint_id=history[1]["checkpoint_id"])
        assert history[0] == state
        assert _of(earlier, "values", "next") == _of(history[1], "values", "next")
        assert await threads.get_history(thread_id, limit=1) == [state]
        return {
            "values": values,
            "thread": await threads.get(thread_id),
            "history": history,
            "found": await threads.search(metadata={**ticket, "graph_id": "x"}, status="interrupted"),
            "of others": await threads.search(metadata={**ticket, "graph_id": "blog"}),
            "runs": await client.runs.list(thread_id, select=["run_id", "assistant_id", "status"]),
        }

    async def streams(client: LangGraphClient) -> Any:
        async def stream(modes: Any) -> Any:
            await client.threads.create(thread_id=streamed[str(modes)])
            return await _streamed(client, streamed[str(modes)], modes, input=INPUT)

        return await asyncio.gather(*map(stream, [*MODES, MODES]))

    told, (*_, all_at_once) = await asyncio.gather(both(scenario), both(streams))
    assert told["thread"]["status"] == told["found"][0]["status"] == "interrupted"
    assert told["history"][0]["next"] == ["human_review"]
    assert told["history"][0]["values"]["drafts"][0]["prompt"]["model"] == "offline"
    assert {event for event, _ in all_at_once} == {"metadata", "values", "updates", "tasks"}


async def test_every_form_of_an_answer(both: Both) -> None:
    ids = {name: str(uuid4()) for name in ANSWERS}

    async def answered(client: LangGraphClient, name: str) -> Any:
        asked = await _paused(client, ids[name])
        told = await _resumed(
            client, ids[name], {asked["id"]: ANSWERS[name]} if "edit" in name else ANSWERS[name]
        )
        history = await client.threads.get_history(ids[name], limit=100)
        steps = [(each["next"], each["values"]) for each in history[::-1]]
        beyond = next((at + 1 for at, (following, _) in enumerate(steps) if following == ["publish"]), None)
        return {"told": told, "steps": steps[:beyond]}

    async def scenario(client: LangGraphClient) -> Any:
        return await asyncio.gather(*(answered(client, name) for name in ANSWERS))

    leads_to = {name: told["steps"][-1][0] for name, told in zip(ANSWERS, await both(scenario), strict=True)}
    assert leads_to == {
        name: ["human_review"] if name in TO_REVIEW else [] if name in TO_THE_END else ["publish"]
        for name in ANSWERS
    }


async def test_what_is_changed_and_what_must_wait(both: Both) -> None:
    changed, resumed, by_hand, ended, busy = (str(uuid4()) for _ in range(5))

    async def changes(client: LangGraphClient) -> Any:
        threads = client.threads
        await _paused(client, changed)
        await threads.update_state(changed, {"feedback": "Say it shorter."}, as_node="generate")
        state: Any = await threads.get_state(changed)
        on = await _streamed(client, changed, "updates")
        history: Any = await threads.get_history(changed, limit=100)
        unscored = next(each for each in history[::-1] if each["next"] == ["evaluate"])
        forked = await client.runs.wait(changed, "x", checkpoint=unscored["checkpoint"])
        return state, on, forked, (await threads.get_state(changed))["next"]

    async def stream_of_a_resume(client: LangGraphClient) -> Any:
        await _paused(client, resumed)
        return await _streamed(client, resumed, MODES, command={"resume": ANSWERS["regenerate"]})

    async def edited(client: LangGraphClient) -> Any:
        """A person's words are no message of the model's."""
        await _paused(client, by_hand)
        edit: Any = {"resume": ANSWERS["edit, then look again"]}
        stream = client.runs.stream(by_hand, "x", stream_mode="messages-tuple", command=edit)
        return [message async for event, message, *_ in stream if EDIT["content"] in str(message)]

    async def moved_to_its_end(client: LangGraphClient) -> Any:
        """As Agent Inbox ignores."""
        await _paused(client, ended)
        await client.threads.update_state(ended, None, as_node="__end__")
        while (thread := await client.threads.get(ended))["status"] == "busy":
            await asyncio.sleep(0.05)
        return thread["status"], (await client.threads.get_state(ended))["next"]

    async def refused_while_busy(client: LangGraphClient) -> Any:
        await client.threads.create(thread_id=busy)
        run = await client.runs.create(busy, "x", input=INPUT, after_seconds=1)
        status = (await client.threads.get(busy))["status"]
        second = client.runs.create(busy, "x", input=INPUT, multitask_strategy="reject")
        return status, await _refusal(second), await client.runs.join(busy, run["run_id"])

    played = map(both, (changes, stream_of_a_resume, edited, moved_to_its_end, refused_while_busy))
    (state, on, forked, following), _, by_model, end, (status, refusal, _) = await asyncio.gather(*played)
    assert (state["next"], state["metadata"]["source"]) == (["evaluate"], "update")
    assert [list(update) for event, update in on if event == "updates"] == [["evaluate"], ["__interrupt__"]]
    assert (len(forked["evaluations"]), following) == (1, ["human_review"])
    assert by_model == []
    assert end == ["idle", []]
    assert (status, refusal) == ("busy", 409)


async def test_where_they_part(servers: Servers, author: Author) -> None:
    """The service refuses a wrong answer before there is a run of it, and a second one; nothing runs beside a pause; and its
    worker alone goes beyond the publish pause. Without a service a wrong answer is a failed run, what is over is answered
    again, and the client itself says what became of the publication."""
    service, development = servers
    text, feedback, receipt, twice, over, back = (str(uuid4()) for _ in range(6))

    async def answered_wrongly(client: LangGraphClient, thread_id: str, answer: Any) -> None:
        asked = await _paused(client, thread_id)
        with pytest.raises(Exception, match="422 Unprocessable" if client is service else "ValidationError"):
            await _resumed(client, thread_id, answer)
        state = await client.threads.get_state(thread_id)
        assert (state["next"], state["interrupts"][0]["id"]) == (["human_review"], asked["id"])
        expected = "interrupted" if client is service else "error"
        assert (await client.threads.get(thread_id))["status"] == expected

    async def published(client: LangGraphClient) -> None:
        await answered_wrongly(client, text, "fine by me")
        values = await _resumed(client, text, ANSWERS["edit"])
        assert values["__interrupt__"][0]["value"]["kind"] == "publish"
        if client is development:
            assert (await client.threads.get(text))["status"] == "interrupted"
            assert (await _resumed(client, text, RECEIPT))["outcome"] == "published"
            return
        with pytest.raises(httpx.HTTPStatusError, match="409 Conflict"):
            await _resumed(client, text, RECEIPT)
        thread: Any = await client.threads.get(text)
        await author.rested(thread["metadata"]["workflow_id"])
        assert (await client.threads.get(text))["status"] == "idle"
        assert EDIT["content"] in [post["text"] for post in await author.on_platform("x")]

    async def accepted_twice(client: LangGraphClient) -> None:
        await _paused(client, twice)
        await _resumed(client, twice, ANSWERS["accept"])
        with pytest.raises(Exception, match="409 Conflict" if client is service else "ValidationError"):
            await _resumed(client, twice, ANSWERS["accept"])

    async def answered_after_its_end(client: LangGraphClient) -> None:
        await _paused(client, over)
        await _resumed(client, over, ANSWERS["reject"])
        if client is development:
            assert (await _resumed(client, over, ANSWERS["accept"]))["outcome"] == "rejected"
            return
        with pytest.raises(httpx.HTTPStatusError, match="409 Conflict"):
            await _resumed(client, over, ANSWERS["accept"])

    async def sent_back(client: LangGraphClient) -> None:
        asked = await _paused(client, back)
        values: Any = await client.runs.wait(back, "x", command={"goto": "generate"})
        assert (len(values["drafts"]) == 2) is (client is service)
        assert (values["__interrupt__"][0]["id"] == asked["id"]) is (client is development)
        never_asked = {"0" * 32: ANSWERS["accept"]}
        if client is development:
            assert (await _resumed(client, back, never_asked))["__interrupt__"]
            return
        with pytest.raises(httpx.HTTPStatusError, match="422 Unprocessable"):
            await _resumed(client, back, never_asked)

    stories = (published, accepted_twice, answered_after_its_end, sent_back)
    wrong = ((feedback, {"decision": "regenerate"}), (receipt, RECEIPT))
    await asyncio.gather(
        *(story(client) for client in servers for story in stories),
        *(answered_wrongly(client, *each) for client in servers for each in wrong),
    )
