"""What a feed's new entries become."""

import re
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import Source
from core.errors import FieldError, Invalid
from core.principal import Principal
from models import Template
from platforms.registry import PlatformName
from services import briefs
from services.briefs import Options, StartWorkflow
from services.library import templates
from services.syndication.feed_parsing import Entry

MAX_PER_DAY: Final = 50
_SAMPLE: Final = Source(type="url", text="An entry.", title="An entry", url="https://example.com/entry")


def _each_once(platforms: tuple[PlatformName, ...]) -> tuple[PlatformName, ...]:
    if len(set(platforms)) != len(platforms):
        raise ValueError("A platform is there twice.")
    return platforms


Words = Annotated[
    tuple[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)], ...],
    Field(max_length=50),
]


class Rule(BaseModel):
    """Validated like a workflow's start, of which it is most."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: bool = Field(
        True, strict=True, description="false: entries are shown, and nothing starts by itself."
    )
    platforms: Annotated[tuple[PlatformName, ...], AfterValidator(_each_once)] = Field(
        min_length=1, max_length=len(PlatformName), json_schema_extra={"uniqueItems": True}
    )
    options: Options = Field(default_factory=Options)
    template_id: UUID | None = None
    template_input: dict[str, Annotated[str, StringConstraints(max_length=10_000)]] = Field(
        default_factory=dict,
        max_length=100,
        description="For the template's placeholders but title, url, text and topic, which the entry fills.",
    )
    project_id: UUID | None = None
    include: Words = Field((), description="Only entries in which one of these words is.")
    exclude: Words = Field((), description="No entry in which one of these words is.")
    max_per_day: int = Field(
        5,
        ge=1,
        le=MAX_PER_DAY,
        strict=True,
        description="Within 24 hours no more start; the others are `skipped`.",
    )
    content: Literal["entry", "page"] = Field(
        "entry", description="What is written from: the entry's own text, or the page that it links to."
    )

    def matches(self, entry: Entry) -> bool:
        return chosen(entry, self.include, self.exclude)


def chosen(entry: Entry, include: Words, exclude: Words) -> bool:
    """Whole words, whatever their case."""
    said = f"{entry.title or ''}\n{entry.text}"
    return (not include or _any(include, said)) and not _any(exclude, said)


def _any(words: Words, said: str) -> bool:
    return bool(words) and bool(
        re.search(rf"(?<!\w)({'|'.join(map(re.escape, words))})(?!\w)", said, re.IGNORECASE)
    )


async def brief(session: AsyncSession, rule: Rule, source: Source, external_id: str | None) -> StartWorkflow:
    filled: dict[str, str] = {}
    if rule.template_id and (template := await session.get(Template, rule.template_id)):
        title = source.title or source.text[:100]
        facts = {"title": title, "topic": title, "url": source.url or "", "text": source.text}
        names = templates.placeholders(template.prompt)
        filled = {name: facts[name] for name in names if name in facts} | rule.template_input
    return StartWorkflow(
        source=source,
        platforms=rule.platforms,
        mode="template" if rule.template_id else "manual",
        template_id=rule.template_id,
        template_input=filled,
        options=rule.options,
        project_id=rule.project_id,
        external_id=external_id,
    )


async def check(session: AsyncSession, principal: Principal, rule: Rule) -> None:
    """Raises Invalid at `/rule/…` for what no entry could be started with."""
    try:
        await briefs.prepare(session, principal, await brief(session, rule, _SAMPLE, None))
    except Invalid as error:
        found = [FieldError(f"/rule{each.pointer}", each.detail) for each in error.errors]
        raise Invalid(error.detail, remedy=error.remedy, errors=found) from error
