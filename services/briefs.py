"""What is to be written from: a brief, checked and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import Source
from core.errors import FieldError, Invalid, TooLarge
from core.principal import Principal
from models import Campaign, Project, Resource, Template
from platforms.registry import PlatformName
from services import clock
from services.library import kept_sources, templates
from services.library.kept_sources import Kept


class Options(BaseModel):
    """Wishes for the drafts; what is missing comes from the profile and the defaults of the loop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tone_of_voice: str | None = Field(None, max_length=500)
    audience: str | None = Field(None, max_length=500)
    language: str | None = Field(None, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    quality_bar: int = Field(80, ge=0, le=100, strict=True)
    max_rounds: int = Field(3, ge=1, le=10, strict=True)
    target_length: int | None = Field(None, ge=1, le=20_000, strict=True)
    keywords: tuple[str, ...] = Field((), max_length=50)
    style_sample_ids: tuple[UUID, ...] = Field((), max_length=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorkflow:
    """A brief whose source has been fetched already: services never wait for the world inside a transaction. What the
    workspace keeps itself is read in it."""

    platforms: Sequence[PlatformName]
    source: Source | Kept | None = None
    mode: Literal["manual", "template"] = "manual"
    template_id: UUID | None = None
    template_input: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    project_id: UUID | None = None
    """None: that of a source that is kept."""
    campaign_id: UUID | None = None
    schedule_for: datetime | None = None
    external_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


async def prepare(
    session: AsyncSession, principal: Principal, brief: StartWorkflow
) -> tuple[Source, dict[str, Any]]:
    """The source and the options as a thread gets them, but for what `with_standing` adds. Raises Invalid by field."""
    await _check_references(session, brief)
    source, prompt = await _source(session, principal, brief)
    options = {
        **brief.options.model_dump(mode="json", exclude_none=True),
        "style_samples": await _style_samples(session, brief.options.style_sample_ids),
        "template": prompt,
    }
    return source, {name: value for name, value in options.items() if value not in (None, "", [])}


async def _check_references(session: AsyncSession, brief: StartWorkflow) -> None:
    if brief.project_id and await session.get(Project, brief.project_id) is None:
        raise _invalid("/project_id", "There is no such project.")
    if brief.campaign_id and await session.get(Campaign, brief.campaign_id) is None:
        raise _invalid("/campaign_id", "There is no such campaign.")
    if brief.schedule_for is not None:
        await clock.check_ahead(session, brief.schedule_for, "/schedule_for")


async def _source(
    session: AsyncSession, principal: Principal, brief: StartWorkflow
) -> tuple[Source, str | None]:
    """The source and, in template mode, the filled-in prompt."""
    if brief.mode == "manual":
        if brief.template_id is not None:
            raise _invalid("/template_id", 'A template goes with "mode": "template".')
        if brief.source is None:
            raise _invalid("/source", "Say what the posts are about.")
        return await _read(session, brief.source), None
    if brief.template_id is None:
        raise _invalid("/template_id", "Template mode needs a template.")
    template = await session.get(Template, brief.template_id)
    if template is None:
        raise _invalid("/template_id", "There is no such template.")
    for index, platform in enumerate(brief.platforms):
        if templates.TYPE_OF_PLATFORM[platform] != template.type:
            raise _invalid(f"/platforms/{index}", f"The template is for {template.type}, not for {platform}.")
    wishes = {"tone_of_voice": brief.options.tone_of_voice, "audience": brief.options.audience}
    given = await templates.with_standing_wishes(session, principal, template, brief.template_input, wishes)
    prompt = templates.render(template, given)
    if brief.source is not None:
        return await _read(session, brief.source), prompt
    facts = "\n\n".join(value for value in brief.template_input.values() if value.strip())
    if len(facts) > templates.FILLED_LIMIT:
        detail = f"{len(facts):,} characters in all; at most {templates.FILLED_LIMIT:,} are taken."
        raise TooLarge(detail, remedy="Shorten the input.", errors=[FieldError("/template_input", detail)])
    return Source(type="text", text=facts or prompt), prompt


async def _read(session: AsyncSession, source: Source | Kept) -> Source:
    return await kept_sources.read(session, source) if isinstance(source, Kept) else source


async def project_of(session: AsyncSession, brief: StartWorkflow) -> UUID | None:
    """The one that it names, or that of what it is written from."""
    if brief.project_id is None and isinstance(brief.source, Kept):
        return await kept_sources.project(session, brief.source)
    return brief.project_id


async def _style_samples(session: AsyncSession, ids: Sequence[UUID]) -> list[str]:
    if not ids:
        return []
    found = await session.execute(
        select(Resource.id, Resource.content).where(Resource.id.in_(ids), Resource.type == "style_sample")
    )
    samples = {row.id: row.content for row in found}
    for index, wanted in enumerate(ids):
        if wanted not in samples:
            raise _invalid(f"/options/style_sample_ids/{index}", "There is no such style sample.")
    return [samples[wanted] for wanted in ids]


def _invalid(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(pointer, detail)])
