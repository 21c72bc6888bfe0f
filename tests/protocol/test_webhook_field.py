"""The address that a run names is told of its end, once."""

from typing import Any

import pytest
from langgraph_sdk.errors import UnprocessableEntityError

from core.settings import Settings
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk
from tests.plugins.receiver import Receiver

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}


@pytest.fixture
def settings(settings: Settings, simulator_url: str, receiver: Receiver) -> Settings:
    return with_simulators(settings, simulator_url).model_copy(update={"allow_private": [receiver.peer]})


async def test_the_end_of_a_run_is_told(sdk: Sdk, author: Author, receiver: Receiver) -> None:
    client = sdk(author.user)
    facts: Any = {"team": "press"}
    run = await client.runs.create(None, "x", input=INPUT, webhook=receiver.url("/run"), metadata=facts)
    thread_id = run["thread_id"]
    assert receiver.peer not in str(run), "who reads runs does not learn the address"
    waited = await client.runs.join(thread_id, run["run_id"])
    (call,) = await receiver.heard(1, "/run")
    told = call.message
    assert (told["run_id"], told["thread_id"], told["status"]) == (run["run_id"], thread_id, "success")
    assert (told["metadata"], told["values"]) == (facts, waited)
    assert told["values"]["__interrupt__"]
    assert told["run_started_at"] <= told["run_ended_at"] <= told["webhook_sent_at"]

    accept: Any = {"resume": {"decision": "accept"}}
    late = await client.runs.create(
        thread_id, "x", command=accept, after_seconds=60, webhook=receiver.url("/late")
    )
    await client.runs.cancel(thread_id, late["run_id"])
    (call,) = await receiver.heard(1, "/late")
    assert (call.message["run_id"], call.message["status"]) == (late["run_id"], "interrupted")
    await client.runs.wait(thread_id, "x", command=accept, webhook=receiver.url("/accepted"))
    (call,) = await receiver.heard(1, "/accepted")
    assert call.message["status"] == "success"
    assert len(receiver.told) == 3


async def test_an_address_inside_is_refused(sdk: Sdk, author: Author, receiver: Receiver) -> None:
    client = sdk(author.user)
    for url in ("https://10.0.0.1/hook", "http://127.0.0.1:9/hook", "https://localhost/hook"):
        with pytest.raises(UnprocessableEntityError):
            await client.runs.create(None, "x", input=INPUT, webhook=url)
    assert (await author.user.get("/v1/workflows")).json()["items"] == []
