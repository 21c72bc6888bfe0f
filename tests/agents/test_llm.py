"""The model-backed writer and critic over real HTTP, with everything that may happen on the way."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from agents.base import Brief, JudgeRequest, ModelFailed, ModelRefused, WriteRequest
from agents.critic import ModelCritic
from agents.llm import MAX_OUTPUT_TOKENS, model
from agents.writer import ModelWriter
from core.content import Content
from core.errors import BudgetExceeded
from core.settings import Settings
from platforms.registry import PLATFORMS, PlatformName
from tests.agents.conftest import Ledger
from tests.plugins.openai_server import Answer, OpenAIServer, judgment

SAID = 'The build fell from 40 to 9 seconds. — 42 ünïcode 😀 \\ "quoted"\nSecond line.'
POST = Answer({"content": SAID})

MakeBrief = Callable[..., Brief]


@pytest.fixture
def writer(model_settings: Settings) -> ModelWriter:
    return ModelWriter(model(model_settings, "writer", model_settings.writer_model), 60_000)


@pytest.fixture
def critic(model_settings: Settings) -> ModelCritic:
    return ModelCritic(model(model_settings, "critic", model_settings.critic_model))


@pytest.fixture
def request_(brief: MakeBrief) -> WriteRequest:
    return WriteRequest(
        brief("The build took 40 seconds. Now it takes 9."), PLATFORMS[PlatformName.X].policy, 0
    )


async def test_it_asks_for_a_strict_schema_and_streams_with_usage(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(POST)
    written = await writer.write(request_, ledger)

    (asked,) = openai_server.journal
    schema = asked.body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["additionalProperties"] is False
    assert asked.body["stream"] is True
    assert asked.body["stream_options"] == {"include_usage": True}
    assert asked.body["max_completion_tokens"] == MAX_OUTPUT_TOKENS
    assert asked.headers["authorization"] == "Bearer sk-very-secret"
    assert written.content.content == SAID
    assert written.prompt.model == "test-writer"
    assert asked.user in written.prompt.text


async def test_it_meters_a_call_and_passes_the_text_on_as_it_grows(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(Answer({"content": SAID}, usage=(1000, 500)))
    written = await writer.write(request_, ledger)

    (call,) = ledger.calls
    ((_, usage),) = ledger.usages
    assert (usage.input_tokens, usage.output_tokens, usage.status) == (1000, 500, "completed")
    assert usage.cost_usd == Decimal("0.006000")
    assert call.max_cost_usd is not None
    assert call.max_cost_usd > usage.cost_usd
    assert call.prompt_hash == written.prompt.hash
    assert "".join(text for _, text in ledger.deltas) == SAID
    assert len(ledger.deltas) > 1


async def test_an_article_brings_its_metadata(
    openai_server: OpenAIServer, writer: ModelWriter, brief: MakeBrief, ledger: Ledger
) -> None:
    body = "One two three.\n\n## Four\n\nFive six."
    answer = {"title": "T", "content": body, "excerpt": "E", "tags": ["a"], "keywords": ["b"]}
    openai_server.script(Answer(answer))
    request = WriteRequest(brief("One two three four five six."), PLATFORMS[PlatformName.BLOG].policy, 0)
    content = (await writer.write(request, ledger)).content
    assert content.content == body
    assert content.metadata == {
        "title": "T", "excerpt": "E", "tags": ["a"], "keywords": ["b"], "word_count": 6, "reading_time": 1,
    }  # fmt: skip


async def test_the_server_writes_plausible_drafts_without_a_script(
    writer: ModelWriter, critic: ModelCritic, brief: MakeBrief, ledger: Ledger
) -> None:
    text = " ".join(f"Sentence number {number} says that team {number} won a prize." for number in range(40))
    for platform in PLATFORMS.values():
        written = await writer.write(WriteRequest(brief(text), platform.policy, 0), ledger)
        violations = platform.policy.violations(written.content)
        assert platform.policy.for_writer(violations) == ()
        judged = await critic.judge(JudgeRequest(brief(text), platform.policy, written.content), ledger)
        assert all(finding.score >= 80 for finding in judged.findings.values())


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=429, headers={"retry-after": "0"}, code="rate_limit_exceeded"),
        Answer(status=429),
        Answer(status=500),
        Answer(status=503),
        Answer(cut_after=0),
        Answer(cut_after=2),
        Answer("this is not JSON"),
        Answer('{"content": "cut off'),
        Answer({"content": "   "}),
        Answer({"content": "NUL \0 inside"}),
        Answer({"content": "text", "more": 1}),
        Answer({"text": "another name"}),
    ],
    ids=lambda answer: f"{answer.status}-{str(answer.content)[:12]}-{answer.cut_after}",
)
async def test_what_passes_is_tried_again_and_every_attempt_is_metered(
    openai_server: OpenAIServer,
    writer: ModelWriter,
    request_: WriteRequest,
    ledger: Ledger,
    trouble: Answer,
) -> None:
    openai_server.script(trouble, POST)
    written = await writer.write(request_, ledger)
    assert written.content.content == SAID
    assert ledger.statuses == ["failed", "completed"]
    assert len({call.id for call in ledger.calls}) == len(openai_server.journal) == 2


async def test_retries_are_counted_once(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(*[Answer(status=500)] * 10)
    with pytest.raises(ModelFailed) as failure:
        await writer.write(request_, ledger)
    assert len(openai_server.journal) == 3
    assert failure.value.retryable
    assert failure.value.detail == "test-writer: HTTP 500 after 3 attempts."
    assert [usage.cost_usd for _, usage in ledger.usages] == [Decimal(0)] * 3


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (Answer(status=401, code="invalid_api_key"), "HTTP 401 (invalid_api_key)"),
        (Answer(status=404), "HTTP 404"),
        (Answer(status=400), "HTTP 400"),
        (Answer(status=429, code="insufficient_quota"), "HTTP 429 (insufficient_quota)"),
        (Answer(refusal="I cannot help with that."), "declined to answer"),
        (Answer('{"content": "x', finish="length"), "longer than a call may be"),
        (Answer("{}", finish="content_filter"), "declined to answer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_does_not_pass_is_not_tried_again_and_leaks_nothing(
    openai_server: OpenAIServer,
    writer: ModelWriter,
    request_: WriteRequest,
    ledger: Ledger,
    trouble: Answer,
    says: str,
) -> None:
    openai_server.script(trouble)
    with pytest.raises(ModelRefused) as failure:
        await writer.write(request_, ledger)
    assert len(openai_server.journal) == 1
    assert ledger.statuses == ["failed"]
    assert not failure.value.retryable
    assert says in failure.value.detail
    assert failure.value.remedy
    told = f"{failure.value.detail} {failure.value.remedy}"
    assert "sk-very-secret" not in told
    assert "build" not in told


@pytest.mark.parametrize(("asked_for", "seconds"), [("3600", 3600), ("9" * 400, 999_999_999)])
async def test_a_long_pause_is_left_to_the_caller(
    openai_server: OpenAIServer,
    writer: ModelWriter,
    request_: WriteRequest,
    ledger: Ledger,
    asked_for: str,
    seconds: float,
) -> None:
    openai_server.script(Answer(status=429, headers={"retry-after": asked_for}))
    with pytest.raises(ModelFailed) as failure:
        await writer.write(request_, ledger)
    assert failure.value.retry_after == seconds, "which an answer can say again"
    assert len(openai_server.journal) == 1


async def test_a_slow_answer_is_given_up(
    openai_server: OpenAIServer, model_settings: Settings, request_: WriteRequest, ledger: Ledger
) -> None:
    hurried = model_settings.model_copy(update={"model_timeout_seconds": 0.3, "model_retries": 0})
    openai_server.script(Answer({"content": SAID}, chunk_delay=5))
    with pytest.raises(ModelFailed, match="no complete answer in time"):
        await ModelWriter(model(hurried, "writer", "test-writer"), 60_000).write(request_, ledger)
    ((_, usage),) = ledger.usages
    assert usage.status == "failed"
    assert usage.input_tokens > 0


async def test_a_cancelled_call_is_recorded_with_what_it_may_have_cost(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(Answer({"content": SAID}, chunk_delay=0.5))
    task = asyncio.create_task(writer.write(request_, ledger))
    while not ledger.deltas:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ((_, usage),) = ledger.usages
    assert usage.status == "cancelled"
    assert usage.output_tokens > 0
    assert usage.cost_usd is not None
    assert usage.cost_usd > 0


async def test_a_refused_budget_makes_no_call(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    ledger.refusal = BudgetExceeded("0.01 USD are left this month.")
    with pytest.raises(BudgetExceeded):
        await writer.write(request_, ledger)
    assert openai_server.journal == []
    assert ledger.usages == []


async def test_an_unknown_price_is_said_to_be_unknown(
    openai_server: OpenAIServer, model_settings: Settings, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(POST)
    await ModelWriter(model(model_settings, "writer", "a-model-nobody-priced"), 60_000).write(
        request_, ledger
    )
    assert ledger.calls[0].max_cost_usd is None
    assert ledger.usages[0][1].cost_usd is None


async def test_usage_is_estimated_where_the_server_does_not_report_it(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(Answer({"content": SAID}, usage=None))
    await writer.write(request_, ledger)
    usage = ledger.usages[0][1]
    assert usage.input_tokens > 100
    assert usage.output_tokens > 10


@pytest.mark.parametrize("score", [-1, 101, 250, "excellent", 88.5])
async def test_a_score_out_of_range_is_malformed_and_never_clipped(
    openai_server: OpenAIServer, critic: ModelCritic, brief: MakeBrief, ledger: Ledger, score: object
) -> None:
    spoilt = judgment()
    spoilt["clarity"]["score"] = score
    openai_server.script(Answer(spoilt), Answer(judgment(clarity=71)))
    request = JudgeRequest(brief("A text."), PLATFORMS[PlatformName.X].policy, Content(content="A draft."))
    judged = await critic.judge(request, ledger)
    assert judged.findings["clarity"].score == 71
    assert ledger.statuses == ["failed", "completed"]
    assert ledger.deltas == []


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("fell from 40 to 9 seconds", "fell from 40 to 9 seconds"),
        ("“It’s 9   seconds now”", "It's 9 seconds now"),
        ("The build times fell from 40 to 9 sec", "The build time fell from 40 to 9 seconds."),
        ("Something that nobody wrote anywhere", ""),
        ("", ""),
    ],
)
async def test_a_quote_is_a_span_of_the_draft_or_nothing(
    openai_server: OpenAIServer, critic: ModelCritic, brief: MakeBrief, ledger: Ledger, quote: str, found: str
) -> None:
    openai_server.script(Answer(judgment(quote=quote)))
    draft = Content(content="The build time fell from 40 to 9 seconds. It's 9 seconds now, on any machine.")
    request = JudgeRequest(brief("A text."), PLATFORMS[PlatformName.X].policy, draft)
    judged = await critic.judge(request, ledger)
    assert judged.findings["clarity"].quote == found
    assert found in draft.content


async def test_half_a_character_is_a_malformed_answer_like_any_other(
    openai_server: OpenAIServer, writer: ModelWriter, request_: WriteRequest, ledger: Ledger
) -> None:
    openai_server.script(Answer('{"content": "Nine \ud83d seconds."}', usage=None), POST)
    assert (await writer.write(request_, ledger)).content.content == SAID
    assert ledger.statuses == ["failed", "completed"]
