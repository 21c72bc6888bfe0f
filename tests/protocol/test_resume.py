"""Answers to what a thread asks: each is a decision like any other, and none is ever a silent success."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError, ConflictError, UnprocessableEntityError
from sqlalchemy import text as text_of

from core.settings import Settings
from services.protocol.thread_changes import GRACE_SECONDS
from tests.plugins.api import Api
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk

if TYPE_CHECKING:
    from core.db import Database

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}
NEVER_ASKED = "0" * 32


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


async def paused(client: LangGraphClient) -> tuple[str, Any]:
    """A thread that waits for a person, and what it asks."""
    thread = await client.threads.create()
    values: Any = await client.runs.wait(thread["thread_id"], "x", input=INPUT)
    return thread["thread_id"], values["__interrupt__"][0]


async def resume(client: LangGraphClient, thread_id: str, answer: Any, **more: Any) -> Any:
    return await client.runs.create(thread_id, "x", command={"resume": answer}, **more)


async def test_every_form_of_an_answer_is_a_decision(sdk: Sdk, author: Author, db: "Database") -> None:
    """With the audit's word whether it named what it saw."""
    client = sdk(author.user)
    thread_id, asked = await paused(client)
    for answer in (
        [{"type": "response", "args": "Say it shorter."}],
        {"decision": "regenerate", "feedback": "Shorter still."},
    ):
        values: Any = await client.runs.wait(thread_id, "x", command={"resume": answer})
        asked = values["__interrupt__"][0]
    assert len(values["drafts"]) == 3
    text = asked["value"]["action_request"]["args"]
    accepted = [{"type": "accept", "args": {"action": "publish_x_post", "args": text}}]
    await client.runs.wait(thread_id, "x", command={"resume": accepted})
    edited, other = await paused(client)
    edit = [{"type": "edit", "args": {"action": "publish_x_post", "args": {**text, "content": "Ours now."}}}]
    await client.runs.wait(edited, "x", command={"resume": edit})
    rejected, other = await paused(client)
    await client.runs.wait(
        rejected, "x", command={"resume": {other["id"]: {"decisions": [{"type": "reject"}]}}}
    )
    assert (await client.threads.get(rejected))["status"] == "idle"
    async with db.service() as session:
        audit = (
            await session.execute(text_of("SELECT decision, bound FROM reviews ORDER BY created_at"))
        ).all()
    assert [tuple(row) for row in audit] == [
        ("regenerate", False), ("regenerate", False), ("accept", True), ("edit", False), ("reject", True)
    ]  # fmt: skip


async def test_what_is_no_answer_to_what_waits_is_refused(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    fresh = (await client.threads.create())["thread_id"]
    with pytest.raises(ConflictError):
        await resume(client, fresh, {"decision": "accept"})
    thread_id, asked = await paused(client)
    wrong: list[tuple[Any, type[APIStatusError]]] = [
        ("fine by me", UnprocessableEntityError),
        (
            {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/1"},
            UnprocessableEntityError,
        ),
        ({NEVER_ASKED: {"decision": "accept"}}, UnprocessableEntityError),
        (
            {NEVER_ASKED: {"decision": "accept"}, asked["id"]: {"decision": "accept"}},
            UnprocessableEntityError,
        ),
        ([{"type": "accept", "args": {"args": {"content": "Other words."}}}], ConflictError),
        ({asked["id"]: {"decision": "accept", "content": "Other words."}}, ConflictError),
        ({"decision": "regenerate"}, UnprocessableEntityError),
    ]
    for answer, refusal in wrong:
        with pytest.raises(refusal):
            await resume(client, thread_id, answer)
    with pytest.raises(UnprocessableEntityError, match="thread is x"):
        await client.runs.create(thread_id, "linkedin", command={"resume": {"decision": "accept"}})
    with pytest.raises(ConflictError, match="decision"):
        await client.runs.create(thread_id, "x", input=INPUT)
    commands: list[Any] = [
        {"goto": "publish"},
        {"goto": ["generate", "evaluate"]},
        {"goto": {"node": "generate", "input": {}}},
        {"update": {"outcome": "published"}},
        {"resume": {"decision": "accept"}, "update": {"round": 0}},
    ]
    for command in commands:
        with pytest.raises(UnprocessableEntityError):
            await client.runs.create(thread_id, "x", command=command)
    assert (await client.threads.get(thread_id))["interrupts"]
    assert len(await client.runs.list(thread_id)) == 1

    await client.runs.wait(thread_id, "x", command={"resume": {asked["id"]: {"decision": "reject"}}})
    for answer in ({asked["id"]: {"decision": "accept"}}, {"decision": "accept"}):
        with pytest.raises(ConflictError):
            await resume(client, thread_id, answer, strict_resume=True)
    with pytest.raises(ConflictError, match="rejected"):
        await client.runs.create(thread_id, "x", input=INPUT)


async def test_of_two_at_once_one_is_told_that_it_was_late(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    thread_id, asked = await paused(client)
    answers = [{"decision": "accept"}, {asked["id"]: {"decision": "accept"}}]
    made = await asyncio.gather(
        *(resume(client, thread_id, answer) for answer in answers), return_exceptions=True
    )
    assert sum(isinstance(each, ConflictError) for each in made) == 1
    assert sum(isinstance(each, dict) for each in made) == 1
    (run,) = (each for each in made if isinstance(each, dict))
    await client.runs.join(thread_id, run["run_id"])
    state = await client.threads.get(thread_id)
    forged = {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/1"}
    with pytest.raises(ConflictError):
        await resume(client, thread_id, forged)
    workflow = (await author.user.get("/v1/workflows")).json()["items"][0]
    await author.rested(workflow["id"])
    assert len(await author.on_platform("x")) == 1
    assert state["status"] in {"busy", "idle"}


async def test_who_may_not_decide_cannot_resume(sdk: Sdk, author: Author, api: Api) -> None:
    thread_id, asked = await paused(sdk(author.user))
    reviewer, viewer = await api.member(author.user, "reviewer"), await api.member(author.user, "viewer")
    writer = await api.key(author.user, "read", "workflows:write")
    decider = await api.key(author.user, "read", "reviews:decide")
    accept = {asked["id"]: {"decision": "accept"}}
    for user in (viewer, writer):
        with pytest.raises(APIStatusError) as refused:
            await resume(sdk(user), thread_id, accept)
        assert refused.value.status_code == 403
    for user in (reviewer, decider):
        with pytest.raises(APIStatusError) as refused:
            await sdk(user).runs.create(None, "x", input=INPUT)
        assert refused.value.status_code == 403
    stranger = await api.user()
    with pytest.raises(APIStatusError) as refused:
        await resume(sdk(stranger), thread_id, accept)
    assert refused.value.status_code == 404
    await resume(sdk(decider), thread_id, accept)


async def test_a_run_may_send_the_thread_back_and_a_person_decides_again(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    thread_id, first = await paused(client)
    back: Any = {"goto": "generate", "update": [["feedback", "Say it shorter."]]}
    again: Any = await client.runs.wait(thread_id, "x", command=back)
    assert len(again["drafts"]) == 2
    with pytest.raises(ConflictError):
        await resume(client, thread_id, {first["id"]: {"decision": "accept"}})

    history = await client.threads.get_history(thread_id, limit=100)
    unscored = next(each for each in history[::-1] if each["next"] == ["evaluate"])
    forked: Any = await client.runs.wait(thread_id, "x", checkpoint=unscored["checkpoint"])
    assert forked["drafts"] == again["drafts"][:1]
    assert forked["__interrupt__"][0]["value"]["draft"]["id"] == forked["drafts"][0]["id"]

    started = time.monotonic()
    await client.threads.update_state(thread_id, {"feedback": "Longer."}, as_node="generate")
    updates: list[Any] = [
        part.data async for part in client.runs.stream(thread_id, "x", stream_mode="updates")
    ]
    assert [list(update) for update in updates[1:]] == [["evaluate"], ["__interrupt__"]]
    assert time.monotonic() - started < GRACE_SECONDS
    with pytest.raises(ConflictError, match="nothing to go on"):
        await client.runs.create(thread_id, "x")

    ended: Any = await client.runs.wait(thread_id, "x", command={"goto": "__end__"})
    assert ended["outcome"] == "rejected"
    assert [run["status"] for run in await client.runs.list(thread_id)] == ["success"] * 5
    decided = (await author.user.get("/v1/reviews", params={"status": "decided"})).json()["items"]
    assert [review["decision"] for review in decided] == ["reject"]


async def test_a_change_waits_for_the_run_under_way(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.create(thread_id, "x", input=INPUT, after_seconds=1)
    again = await client.runs.create(thread_id, "x", command={"goto": "generate"})
    last: Any = await client.runs.create(thread_id, "x", command={"goto": "generate"})
    assert (again["status"], last["status"]) == ("pending", "pending")
    values: Any = await client.runs.join(thread_id, last["run_id"])
    assert len(values["drafts"]) == 3
    assert (await client.runs.get(thread_id, again["run_id"]))["status"] == "success"
