"""What Agent Inbox (its source of August 2026) was seen to send from a browser, and what it reads in the answers."""

from typing import Any

import httpx
import orjson
import pytest

from core.settings import Settings
from graphs.names import assistant_id
from tests.plugins.api import Api, User
from tests.plugins.author import Author, Json, thread, with_simulators

ORIGIN = "http://127.0.0.1:3000"
BROWSER = {"Accept": "*/*", "Origin": ORIGIN, "Referer": f"{ORIGIN}/", "Sec-Fetch-Mode": "cors"}
ONE_ROUND = {"max_rounds": 1}


class Inbox:
    """One inbox in somebody's browser: a graph, the service's address, and the key from its settings."""

    def __init__(self, client: User, key: str, graph: str) -> None:
        self._client = client
        self._key = key
        self.graph = graph

    async def _send(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {**BROWSER, "X-Api-Key": self._key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = orjson.dumps(body) if body is not None else None
        answer = await self._client.request(method, path, content=content, headers=headers)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        return answer

    async def tab(self, status: str | None = "interrupted", named_by: str = "graph_id") -> list[Json]:
        """None: the tab with all of them."""
        body = {"metadata": {named_by: self.graph}, "limit": 10, "offset": 0}
        answer = await self._send(
            "POST", "/threads/search", {**body, **({"status": status} if status else {})}
        )
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()
        return found

    async def thread(self, thread_id: str) -> Json:
        """As it looks again after an answer."""
        found: Json = (await self._send("GET", f"/threads/{thread_id}")).json()
        return found

    async def submit(self, thread_id: str, resume: Any) -> httpx.Response:
        """Accept, Submit and Send Response."""
        body = {"command": {"resume": resume}, "stream_mode": "events", "assistant_id": self.graph}
        return await self._send("POST", f"/threads/{thread_id}/runs/stream", body)

    async def ignore(self, thread_id: str) -> httpx.Response:
        body = {"command": {"resume": [{"type": "ignore", "args": None}]}, "assistant_id": self.graph}
        return await self._send("POST", f"/threads/{thread_id}/runs", body)

    async def mark_as_resolved(self, thread_id: str) -> httpx.Response:
        return await self._send("POST", f"/threads/{thread_id}/state", {"values": None, "as_node": "__end__"})


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


@pytest.fixture
async def key(author: Author) -> str:
    """That reads and decides, and does nothing else."""
    made = await author.user.post(
        "/v1/api-keys", json={"name": "inbox", "scopes": ["read", "reviews:decide"]}
    )
    found: str = made.json()["key"]
    return found


def interrupt(found: Json) -> Json:
    """Where Agent Inbox looks for it."""
    ((asked,),) = found["interrupts"].values()
    value: Json = asked["value"]
    return value


def fields(found: Json) -> dict[str, str]:
    """The texts that it offers for editing."""
    args: dict[str, str] = interrupt(found)["action_request"]["args"]
    return args


def action(found: Json, **changes: str) -> Json:
    return {"action": interrupt(found)["action_request"]["action"], "args": {**fields(found), **changes}}


def nodes(answer: httpx.Response) -> list[str]:
    """What it says is running; an `error` among the events it shows instead."""
    assert answer.status_code == 200, answer.text
    assert "event: error" not in answer.text
    data = [orjson.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    return [
        each["metadata"]["langgraph_node"]
        for each in data
        if each.get("event") == "on_chain_start" and "langgraph_node" in each["metadata"]
    ]


async def test_each_button_is_a_decision(api: Api, author: Author, key: str) -> None:
    workflow = await author.drafted("x", "linkedin", "blog", options=ONE_ROUND)
    x, linkedin, blog = (Inbox(api.client(), key, graph) for graph in ("x", "linkedin", "blog"))

    (listed,) = await linkedin.tab()
    assert listed["status"] == "interrupted"
    asked = interrupt(listed)
    assert asked["action_request"]["action"] == "publish_linkedin_post"
    assert set(asked["config"].values()) == {True}
    assert fields(listed)["content"] in asked["description"]
    assert nodes(await linkedin.submit(listed["thread_id"], [{"type": "accept", "args": action(listed)}]))
    assert (await linkedin.thread(listed["thread_id"]))["status"] in {"busy", "idle"}
    assert await linkedin.tab() == []

    (listed,) = await blog.tab()
    edit = {"type": "edit", "args": action(listed, content="Ours now.", title="My title")}
    await blog.submit(listed["thread_id"], [edit])

    (listed,) = await x.tab()
    respond = {"type": "response", "args": "Say it shorter."}
    assert "evaluate" in nodes(await x.submit(listed["thread_id"], [respond]))
    again = await x.thread(listed["thread_id"])
    assert again["status"] == "interrupted"
    assert interrupt(again)["draft"]["id"] != interrupt(listed)["draft"]["id"]
    assert (await x.ignore(listed["thread_id"])).status_code == 200
    assert await x.tab() == []
    assert [each["thread_id"] for each in await x.tab(None)] == [listed["thread_id"]]

    done = await author.rested(workflow["id"])
    outcomes = {each["platform"]: each["status"] for each in done["threads"]}
    assert outcomes == {"x": "rejected", "linkedin": "published", "blog": "published"}
    (post,) = await author.on_platform("linkedin")
    assert post["text"] == asked["draft"]["content"]
    (post,) = await author.on_platform("blog")
    assert post["fields"]["title"] == "My title"
    assert "Ours now." in post["text"]


async def test_the_form_of_a_later_time_and_an_inbox_by_an_assistants_id(
    api: Api, author: Author, key: str
) -> None:
    workflow = await author.drafted("x", options=ONE_ROUND)
    inbox = Inbox(api.client(), key, assistant_id("x"))
    (listed,) = await inbox.tab(named_by="assistant_id")
    thread_id = listed["thread_id"]
    no_time = await inbox.submit(
        thread_id, [{"type": "edit", "args": action(listed, schedule_for="tomorrow")}]
    )
    assert no_time.status_code == 422
    assert (await inbox.thread(thread_id))["status"] == "interrupted"
    at = "2099-03-01T09:00:00Z"
    await inbox.submit(thread_id, [{"type": "edit", "args": action(listed, schedule_for=at)}])
    assert (await author.rested(workflow["id"]))["threads"][0]["status"] == "scheduled"
    assert (await author.job(workflow["id"]))["scheduled_for"] == at


async def test_the_newer_answer_by_the_same_calls(api: Api, author: Author, key: str) -> None:
    """`decisions`, as LangChain's own middleware takes it."""
    workflow = await author.drafted("x", "linkedin", "blog", options=ONE_ROUND)
    ids = {name: thread(workflow, name)["thread_id"] for name in ("x", "linkedin", "blog")}
    edited = {"name": "publish_linkedin_post", "args": {"content": "Ours now."}}
    for graph, decision in (
        ("x", {"type": "approve"}),
        ("linkedin", {"type": "edit", "edited_action": edited}),
        ("blog", {"type": "reject", "message": "Not ours to say."}),
    ):
        assert nodes(await Inbox(api.client(), key, graph).submit(ids[graph], {"decisions": [decision]}))
    done = await author.rested(workflow["id"])
    outcomes = {each["platform"]: each["status"] for each in done["threads"]}
    assert outcomes == {"x": "published", "linkedin": "published", "blog": "rejected"}
    assert [each["text"] for each in await author.on_platform("linkedin")] == ["Ours now."]


async def test_who_comes_second_is_told(api: Api, author: Author, key: str) -> None:
    """It shows an error to whoever is answered with one, and only to them."""
    inbox = Inbox(api.client(), key, "x")
    await author.drafted("x", options=ONE_ROUND)
    (seen,) = await inbox.tab()
    thread_id = seen["thread_id"]
    accept = [{"type": "accept", "args": action(seen)}]
    await inbox.submit(thread_id, [{"type": "response", "args": "Say it shorter."}])
    other_words = await inbox.submit(thread_id, accept)
    assert (other_words.status_code, other_words.json()["code"]) == (409, "DraftChanged")

    assert (await inbox.mark_as_resolved(thread_id)).status_code == 200
    assert await inbox.tab() == []
    late = [
        await inbox.submit(thread_id, accept),
        await inbox.ignore(thread_id),
        await inbox.mark_as_resolved(thread_id),
    ]
    assert [answer.status_code for answer in late] == [409, 409, 409]
    assert await author.on_platform("x") == []


async def test_a_key_from_its_settings_or_none(api: Api, author: Author) -> None:
    """For an address with https it asks who is there, before anything else and without the key."""
    client = api.client()
    info = await client.get("/info", headers={**BROWSER, "Content-Type": "application/json"})
    assert info.headers["access-control-allow-origin"] == ORIGIN
    assert info.json()["host"].keys() >= {"project_id", "tenant_id"}
    unsigned = await client.post("/threads/search", json={}, headers=BROWSER)
    assert (unsigned.status_code, unsigned.headers["access-control-allow-origin"]) == (401, ORIGIN)
    made = await author.user.post("/v1/api-keys", json={"name": "reader", "scopes": ["read"]})
    await author.drafted("x", options=ONE_ROUND)
    reader = Inbox(client, made.json()["key"], "x")
    (listed,) = await reader.tab()
    thread_id = listed["thread_id"]
    for answer in (
        await reader.submit(thread_id, [{"type": "accept", "args": action(listed)}]),
        await reader.ignore(thread_id),
        await reader.mark_as_resolved(thread_id),
    ):
        assert answer.status_code == 403
