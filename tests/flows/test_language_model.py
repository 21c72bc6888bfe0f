"""The same way with an OpenAI-compatible server doing the writing, on a bad day."""

from decimal import Decimal

import pytest

from core.settings import Settings
from tests.plugins.author import ARTICLE, Author, thread
from tests.plugins.openai_server import Answer, OpenAIServer, judgment


@pytest.fixture
def settings(settings: Settings, openai_server: OpenAIServer) -> Settings:
    return settings.model_copy(update={"openai_base_url": openai_server.base_url})


async def test_a_model_writes_through_refusals_cut_streams_and_nonsense(
    author: Author, openai_server: OpenAIServer
) -> None:
    openai_server.script(
        Answer(status=429, headers={"Retry-After": "1"}),
        Answer(cut_after=2),
        Answer(content='{"content": '),
        kind="post",
    )
    openai_server.script(Answer(content=judgment(40, quote="nowhere in the draft")), kind="judgment")
    workflow = await author.drafted("linkedin", "x", "blog")
    for each in workflow["threads"]:
        assert each["status"] == "awaiting_review", each
        assert each["active_draft"]["model"] == each["evaluation"]["model"] == "gpt-5-mini"
    assert Decimal(workflow["cost_usd"]) > 0
    assert any(ARTICLE[200:300] in asked.user for asked in openai_server.journal)

    for platform in ("linkedin", "x", "blog"):
        await author.accept(workflow, platform)
    workflow = await author.rested(workflow["id"])
    assert workflow["status"] == "completed"
    for platform in ("linkedin", "x"):
        (post,) = await author.on_platform(platform)
        assert post["text"] == thread(workflow, platform)["active_draft"]["content"]
    assert len(await author.on_platform("blog")) == 1
    usage = (await author.user.get("/v1/usage")).json()["total"]
    assert usage["calls"] == len(openai_server.journal)
    assert Decimal(usage["cost_usd"]) == Decimal(workflow["cost_usd"])
