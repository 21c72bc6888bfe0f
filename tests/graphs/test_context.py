"""Who decides the bar, the rounds, the tone and the weights; what Studio offers for editing."""

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from agents.base import CRITERIA, NullMeter
from graphs.context import Context, ServiceContext, Weights, agents_of, wishes
from graphs.loop import build

if TYPE_CHECKING:
    from tests.graphs.conftest import Thread


def test_studio_can_edit_what_shapes_the_loop() -> None:
    schema = build("x").get_context_jsonschema()
    assert schema is not None
    assert set(schema["properties"]) == {
        "writer_model",
        "critic_model",
        "quality_bar",
        "max_rounds",
        "tone_of_voice",
        "weights",
    }
    bar = schema["properties"]["quality_bar"]
    assert (bar["default"], bar["minimum"], bar["maximum"]) == (80, 0, 100)


def test_studio_can_fill_in_the_input() -> None:
    schema = build("x").get_input_jsonschema()
    assert schema["required"] == ["source"]
    assert "quality_bar" in schema["$defs"]["Options"]["properties"]


def test_an_option_wins_over_the_context_and_the_context_over_the_default() -> None:
    context = Context(quality_bar=70, max_rounds=5)
    wanted = wishes({"options": {"quality_bar": 60, "tone_of_voice": None}}, context)
    assert (wanted.quality_bar, wanted.max_rounds, wanted.tone_of_voice) == (60, 5, None)
    assert wishes({}, None) == Context()


def test_options_are_checked() -> None:
    with pytest.raises(ValidationError, match="quality_bar"):
        wishes({"options": {"quality_bar": 900}}, None)


async def test_a_services_agents_are_handed_through_as_they_are(thread: "Thread") -> None:
    wanted = wishes({"options": {"quality_bar": 60}}, thread.context)
    assert isinstance(wanted, ServiceContext)
    writer, critic, meter = agents_of(wanted)
    assert writer is thread.writer
    assert critic is thread.critic
    assert isinstance(meter, NullMeter)


async def test_options_reach_the_writer(thread: "Thread") -> None:
    await thread.start(
        tone_of_voice="dry", audience="nurses", keywords=["ward"], target_length=40, language="de"
    )
    brief = thread.writer.asked[0].brief
    assert (brief.tone_of_voice, brief.audience, brief.keywords) == ("dry", "nurses", ("ward",))
    assert (brief.target_length, brief.language) == (40, "de")


def test_the_score_is_the_weighted_mean() -> None:
    scores = dict(zip(CRITERIA, (100, 50, 50, 50, 50), strict=True))
    assert Weights().overall(scores) == 60
    assert (
        Weights(platform_appropriateness=1, style_consistency=0, clarity=0, engagement=0, grammar=0).overall(
            scores
        )
        == 100
    )


def test_something_must_count() -> None:
    with pytest.raises(ValidationError, match="at least one weight"):
        Weights(platform_appropriateness=0, style_consistency=0, clarity=0, engagement=0, grammar=0)
