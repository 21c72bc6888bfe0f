"""Runs as LangGraph's own SDK asks for them: begun, awaited, listed, cancelled; on threads and without."""

from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError

from core.settings import Settings
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


async def test_a_brief_goes_to_review_and_out(sdk: Sdk, author: Author) -> None:
    client, seen = sdk(author.user), []
    thread = await client.threads.create()
    paused: Any = await client.runs.wait(
        thread["thread_id"],
        "x",
        input=INPUT,
        metadata={"external_id": "ticket-7", "team": "press"},
        context={"tone_of_voice": "dry"},
        on_run_created=seen.append,
    )
    assert [run["thread_id"] for run in seen] == [thread["thread_id"]]
    (asked,) = paused["__interrupt__"]
    assert asked["value"]["action_request"]["action"] == "publish_x_post"
    assert len(paused["drafts"]) == 1
    run = await client.runs.get(thread["thread_id"], seen[0]["run_id"])
    assert (run["status"], run["metadata"]["team"]) == ("success", "press")
    (workflow,) = (await author.user.get("/v1/workflows", params={"external_id": "ticket-7"})).json()["items"]
    assert workflow["options"]["tone_of_voice"] == "dry"
    assert [each["thread_id"] for each in workflow["threads"]] == [thread["thread_id"]]

    published: Any = await client.runs.wait(
        thread["thread_id"], "x", command={"resume": {asked["id"]: {"decision": "accept"}}}
    )
    assert published["__interrupt__"][0]["value"]["kind"] == "publish"
    out = await author.rested(workflow["id"])
    assert out["threads"][0]["status"] == "published"
    listed = await client.runs.list(thread["thread_id"], select=["run_id", "status"])
    assert [each["status"] for each in listed] == ["success", "success"]
    assert await client.runs.join(thread["thread_id"], seen[0]["run_id"]) == paused
