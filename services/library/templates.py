"""Prompts with placeholders. Shipped ones are for everybody and read-only."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from string import Formatter
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
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
NAME_LIMIT: Final = 200
PROMPT_LIMIT: Final = 20_000
FILLED_LIMIT: Final = 1_000_000
"""Characters of a prompt with its placeholders filled in, as of any text: one may be repeated thousands of times."""
TONE: Final = "tone_of_voice"
_OWN_TONE = text("SELECT nullif(tone_of_voice, '') FROM profiles WHERE user_id = :user_id")


@dataclass(frozen=True, slots=True)
class Preview:
    prompt: str
    placeholders: tuple[str, ...]
    missing: tuple[str, ...]


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
        FieldError(f"/template_input/{name}", "The template needs this.") for name in missing(names, values)
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
    return _filled(template.prompt, values)


def missing(names: Collection[str], values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in names if not values.get(name, "").strip())


def preview(prompt: str, values: Mapping[str, str]) -> Preview:
    """What is not given yet stays as it is written; what the prompt does not ask for is passed over. Raises Invalid at
    `/prompt` and TooLarge."""
    names = placeholders(prompt)
    lacking = missing(names, values)
    shown = {name: f"{{{name}}}" if name in lacking else values[name] for name in names}
    return Preview(_filled(prompt, shown), names, lacking)


async def prompt_of(session: AsyncSession, template_id: UUID) -> str:
    """For a body that refers to it: raises Invalid at `/template_id`."""
    template = await session.get(Template, template_id)
    if template is None:
        detail = "There is no such template."
        raise Invalid(detail, errors=[FieldError("/template_id", detail)])
    return template.prompt


async def with_standing_wishes(
    session: AsyncSession,
    principal: Principal,
    template: Template,
    values: Mapping[str, str],
    wishes: Mapping[str, str | None],
) -> Mapping[str, str]:
    """The input; what it does not say, the brief's `wishes` of the same name say, and of the tone the profile."""
    lacking = missing(placeholders(template.prompt), values)
    known = {name: wish for name in lacking if (wish := wishes.get(name))}
    if TONE in lacking and TONE not in known:
        tone = await session.scalar(_OWN_TONE, {"user_id": principal.user_id})
        known |= {TONE: tone} if tone else {}
    return {**values, **known}


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


async def copy(session: AsyncSession, principal: Principal, template_id: UUID, name: str | None) -> Template:
    """One's own, to be changed. Without a name it is called after the original."""
    original = await find(session, template_id)
    name = name or await _free_name(session, principal, original.name)
    return await create(session, principal, name=name, kind=original.type, prompt=original.prompt)


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
        await rows.change(session, template, changes)
    except IntegrityError as error:
        if rows.broken(error) != "uq_templates_workspace_id_user_id_name":
            raise
        raise TemplateNameTaken(
            "You have a template of this name already.", remedy="Choose another name."
        ) from None


async def _free_name(session: AsyncSession, principal: Principal, name: str) -> str:
    own = select(Template.name).where(Template.user_id == principal.user_id)
    taken = set(await session.scalars(own))
    endings = (" (copy)" if number == 1 else f" (copy {number})" for number in count(1))
    return next(
        free for ending in endings if (free := name[: NAME_LIMIT - len(ending)] + ending) not in taken
    )


def _filled(prompt: str, values: Mapping[str, str]) -> str:
    parts = Formatter().parse(prompt)
    length = sum(len(literal) + len(values[name] if name else "") for literal, name, _, _ in parts)
    if length > FILLED_LIMIT:
        detail = (
            f"The template filled in would have {length:,} characters; at most {FILLED_LIMIT:,} are taken."
        )
        raise TooLarge(detail, remedy="Shorten the input.", errors=[FieldError("/template_input", detail)])
    return prompt.format_map(values)


def _bad_prompt(detail: str) -> Invalid:
    return Invalid("The prompt is no template.", errors=[FieldError("/prompt", detail)])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
