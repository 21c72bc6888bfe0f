"""Prompts with placeholders. Shipped ones are for everybody and read-only."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, FieldError, Forbidden, Invalid, TooLarge
from core.principal import Principal
from models import Template
from models.library import TemplateType
from platforms.registry import PlatformName
from services import pages, rows

TYPE_OF_PLATFORM: Final[Mapping[str, TemplateType]] = {
    PlatformName.LINKEDIN: TemplateType.LINKEDIN,
    PlatformName.X: TemplateType.TWITTER,
    PlatformName.BLOG: TemplateType.BLOG,
    PlatformName.INSTAGRAM: TemplateType.INSTAGRAM,
    PlatformName.EMAIL: TemplateType.EMAIL,
}
PLACEHOLDER: Final = re.compile(r"[a-z][a-z0-9_]{0,49}")
PROMPT_LIMIT: Final = 20_000
FILLED_LIMIT: Final = 1_000_000
"""Characters of a prompt with its placeholders filled in, as of any text: one may be repeated thousands of times."""


class TemplateReadOnly(Forbidden):
    title = "Shipped templates cannot be changed"


class TemplateNameTaken(Conflict):
    title = "There is a template of this name"


def placeholders(prompt: str) -> tuple[str, ...]:
    """The names in braces, each once, in order. Raises Invalid at `/prompt`; `{{` and `}}` are plain braces."""
    found: dict[str, None] = {}
    try:
        for _, name, form, conversion in Formatter().parse(prompt):
            if name is None:
                continue
            if not PLACEHOLDER.fullmatch(name) or form or conversion:
                raise _bad_prompt(f"{{{name}}} is no placeholder: use lower-case letters, digits and _.")
            found[name] = None
    except ValueError as error:
        raise _bad_prompt(f"The braces do not match: {error}.") from None
    return tuple(found)


def render(template: Template, values: Mapping[str, str]) -> str:
    """The prompt with its placeholders filled in. Raises Invalid at `/template_input` for each that is missing or
    unknown, and TooLarge."""
    names = placeholders(template.prompt)
    errors = [
        FieldError(f"/template_input/{name}", "The template needs this.")
        for name in names
        if not values.get(name, "").strip()
    ]
    errors += [
        FieldError(f"/template_input/{_escaped(name)}", "The template has no such placeholder.")
        for name in values
        if name not in names
    ]
    if errors:
        raise Invalid(
            "The input does not fit the template.",
            remedy=f"Its placeholders are: {', '.join(names) or 'none'}.",
            errors=errors,
        )
    parts = Formatter().parse(template.prompt)
    length = sum(len(literal) + len(values[name] if name else "") for literal, name, _, _ in parts)
    if length > FILLED_LIMIT:
        detail = (
            f"The template filled in would have {length:,} characters; at most {FILLED_LIMIT:,} are taken."
        )
        raise TooLarge(detail, remedy="Shorten the input.", errors=[FieldError("/template_input", detail)])
    return template.prompt.format_map(values)


async def create(
    session: AsyncSession, principal: Principal, *, name: str, kind: TemplateType, prompt: str
) -> Template:
    placeholders(prompt)
    template = Template(
        workspace_id=principal.workspace_id, user_id=principal.user_id, name=name, type=kind, prompt=prompt
    )
    session.add(template)
    await _write(session, template, {})
    return template


async def browse(
    session: AsyncSession, wanted: pages.Wanted, kind: TemplateType | None = None
) -> pages.Slice[Template]:
    statement = select(Template)
    if kind is not None:
        statement = statement.where(Template.type == kind)
    return await pages.page(session, statement, (Template.created_at, Template.id), wanted)


async def find(session: AsyncSession, template_id: UUID) -> Template:
    return await rows.find(session, Template, template_id, "template")


async def change(session: AsyncSession, template_id: UUID, changes: Mapping[str, object]) -> Template:
    template = await _own(session, template_id)
    if isinstance(prompt := changes.get("prompt"), str):
        placeholders(prompt)
    await _write(session, template, changes)
    return template


async def delete(session: AsyncSession, template_id: UUID) -> None:
    await session.delete(await _own(session, template_id))
    await session.flush()


async def _own(session: AsyncSession, template_id: UUID) -> Template:
    template = await find(session, template_id)
    if not template.is_custom:
        raise TemplateReadOnly("This template came with Proofroom.", remedy="Make a copy and change that.")
    return template


async def _write(session: AsyncSession, template: Template, changes: Mapping[str, object]) -> None:
    try:
        async with session.begin_nested():
            await rows.change(session, template, changes)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23505":
            raise
        raise TemplateNameTaken(
            "You have a template of this name already.", remedy="Choose another name."
        ) from None


def _bad_prompt(detail: str) -> Invalid:
    return Invalid("The prompt is no template.", errors=[FieldError("/prompt", detail)])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
