from typing import Any
from uuid import UUID

import pytest

from agents.writer import question
from core.errors import Invalid, TooLarge
from models import Template
from models.library import ResourceType, TemplateType
from services.briefs import Options
from services.library import profiles, resources, templates
from tests.plugins.scene import Overheard, Scene

PROMPT = "On {topic} for {audience}: {tone_of_voice}."


def test_a_placeholder_that_is_repeated_does_not_fill_the_memory() -> None:
    template = Template(prompt="{topic}" * 2_800)
    with pytest.raises(TooLarge):
        templates.render(template, {"topic": "x" * 1_000_000})
    with pytest.raises(TooLarge):
        templates.preview(template.prompt, {"topic": "x" * 1_000_000})
    assert templates.render(template, {"topic": "x" * 300}) == "x" * 840_000
    assert templates.render(Template(prompt="{{{topic}}}"), {"topic": "x"}) == "{x}"


async def test_a_template_gets_its_tone_from_the_wishes_or_the_profile(scene: Scene) -> None:
    template_id = await _template(scene)

    async def filled(given: dict[str, str], **wishes: Any) -> str:
        (thread_id,) = await scene.start(
            "linkedin",
            mode="template",
            template_id=template_id,
            template_input={"topic": "tea", **given},
            options=Options(audience="beginners", **wishes),
        )
        row = await scene.row(
            "SELECT manual_options ->> 'template' AS prompt FROM workflows w JOIN platform_states p ON p.workflow_id = w.id"
            " WHERE p.id = :id",
            id=thread_id,
        )
        return str(row["prompt"])

    with pytest.raises(Invalid) as lacking:
        await filled({})
    assert [error.pointer for error in lacking.value.errors] == ["/template_input/tone_of_voice"]
    await _tone(scene, "dry")
    assert await filled({}) == "On tea for beginners: dry."
    assert await filled({}, tone_of_voice="warm") == "On tea for beginners: warm."
    assert await filled({"audience": "us", "tone_of_voice": "loud"}) == "On tea for us: loud."


async def test_tone_and_samples_reach_the_writer_however_it_starts(scene: Scene) -> None:
    await _tone(scene, "dry as dust")
    async with scene.tenant() as session:
        sample = await resources.create(
            session,
            scene.principal,
            kind=ResourceType.STYLE_SAMPLE,
            content="We ship on Fridays.",
            metadata={},
        )
    scene.runtime.writer = overheard = Overheard(scene.words)
    wishes = Options(style_sample_ids=(sample.id,))
    await scene.start("linkedin", options=wishes)
    given = {"topic": "tea", "audience": "us"}
    await scene.start(
        "linkedin", mode="template", template_id=await _template(scene), template_input=given, options=wishes
    )
    await scene.advance()
    assert len(overheard.requests) == 2
    for request in overheard.requests:
        asked = question(request)
        assert "Tone of voice: dry as dust" in asked.user
        assert "We ship on Fridays." in asked.user.partition("<data")[2]


async def _template(scene: Scene) -> UUID:
    async with scene.tenant() as session:
        made = await templates.create(
            session, scene.principal, name="Mine", kind=TemplateType.LINKEDIN, prompt=PROMPT
        )
        return made.id


async def _tone(scene: Scene, tone: str) -> None:
    async with scene.tenant() as session:
        await profiles.replace(session, scene.principal, name=None, preferences={}, tone_of_voice=tone)
