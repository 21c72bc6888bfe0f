"""The SDK's newer way with a thread: `client.threads.stream`, which sends commands and follows all that happens."""

import asyncio
from typing import Any

import httpx
import pytest

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


async def test_a_brief_goes_to_review_and_is_answered(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    async with client.threads.stream(assistant_id="x") as thread:
        started = await thread.run.start(input=INPUT, metadata={"team": "press"})
        events = thread.events
        told = [await anext(events)]
        while told[-1]["method"] != "lifecycle" or told[-1]["params"]["data"]["event"] != "interrupted":
            told.append(await anext(events))
        assert [each["method"] for each in told] == [
            "lifecycle", "values", "values", "values", "input.requested", "lifecycle"
        ]  # fmt: skip
        assert [each["seq"] for each in told] == [1, 2, 3, 4, 5, 6]
        assert told[4]["params"]["data"]["payload"]["kind"] == "review"
        run = await client.runs.get(thread.thread_id, started["run_id"])
        assert (run["status"], run["metadata"]) == ("success", {"team": "press"})

        async with asyncio.timeout(PATIENCE_SECONDS):
            while not thread.interrupted:
                await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="invalid_argument"):
            await thread.run.respond("fine by me")
        with pytest.raises(RuntimeError, match="brief"):
            await thread.run.start(input=INPUT)
        await thread.run.respond({"decision": "reject"})
        while told[-1]["params"]["data"].get("event") != "completed":
            told.append(await anext(events))
        thread_id = thread.thread_id

    asked = told[4]["params"]["data"]["interrupt_id"]
    late = {"interrupt_id": asked, "namespace": [], "response": {"decision": "accept"}}
    for params, code in (
        (late, "invalid_argument"),
        ({**late, "interrupt_id": "0" * 32}, "no_such_interrupt"),
    ):
        command = {"id": 7, "method": "input.respond", "params": params}
        refused = (await author.user.post(f"/threads/{thread_id}/commands", json=command)).json()
        assert (refused["type"], refused["id"], refused["error"]) == ("error", 7, code)
    body = {"channels": ["lifecycle"], "since": told[-2]["seq"]}
    headers = {"Authorization": author.user.headers["Authorization"]}
    async with (
        httpx.AsyncClient(base_url=sdk.url, headers=headers, trust_env=False) as direct,
        direct.stream("POST", f"/threads/{thread_id}/stream/events", json=body) as answer,
    ):
        lines = answer.aiter_lines()
        assert {await anext(lines), await anext(lines)} == {"event: lifecycle", f"id: {told[-1]['seq']}"}
    async with client.threads.stream(thread_id, assistant_id="x") as thread:
        again = thread.events
        assert [await anext(again) for _ in told] == told
