"""A brief as it is typed into the form on /new, and what of it is wrong, by the form's fields."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from pydantic import ValidationError
from starlette.datastructures import FormData

from api.schemas.workflows import WorkflowIn
from core.errors import Invalid, ProofroomError
from services.briefs import Options
from services.library.kept_sources import Kept
from web.times import instant

_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_INPUT: Final = "input."
"""Before the names of a template's fields."""
_WISHES: Final = ("tone_of_voice", "audience", "language", "target_length", "quality_bar", "max_rounds")
_NUMBERS: Final = ("target_length", "quality_bar", "max_rounds")
_WORDS: Final[Mapping[str, str]] = {
    "source": "Paste a text or the address of a page.",
    "platforms": "Choose at least one.",
    "language": "Give a language's code, such as en, de or pt-BR.",
    "quality_bar": "Give a whole number from 0 to 100.",
    "max_rounds": "Give a whole number from 1 to 10.",
    "target_length": "Give a whole number from 1 to 20,000.",
    "tone_of_voice": "At most 500 characters.",
    "audience": "At most 500 characters.",
    "keywords": "At most 50.",
    "schedule_for": "Give a day and a time to come.",
    "template_id": "There is no such template.",
    "project_id": "There is no such project.",
    "style_sample_ids": "Choose at most 20.",
}
"""Said where the schema refuses a value: its own words are for programmers."""

_LABELS: Final[Mapping[str, str]] = {
    "source": "What it is about",
    "template_id": "Template",
    "tone_of_voice": "Tone",
    "target_length": "Length",
    "max_rounds": "Rounds",
    "style_sample_ids": "Style samples",
    "schedule_for": "Goes out",
    "project_id": "Project",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """Word for word, so that a form which is shown again shows it."""

    source: str = ""
    file_id: str = ""
    post_id: str = ""
    """Instead of a source that is typed."""
    platforms: tuple[str, ...] = ()
    template_id: str = ""
    template_input: Mapping[str, str] = field(default_factory=dict)
    tone_of_voice: str = ""
    audience: str = ""
    language: str = ""
    keywords: str = ""
    target_length: str = ""
    quality_bar: str = str(Options().quality_bar)
    max_rounds: str = str(Options().max_rounds)
    style_sample_ids: tuple[str, ...] = ()
    schedule_for: str = ""
    zone: str = "UTC"
    project_id: str = ""

    @classmethod
    def of(cls, form: FormData) -> Self:
        texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        lists = ("platforms", "style_sample_ids")
        given = {name: texts[name] for name in cls.__slots__ if name in texts and name not in lists}
        return cls(
            **given,
            platforms=_all(form, "platforms"),
            style_sample_ids=_all(form, "style_sample_ids"),
            template_input={
                name.removeprefix(_INPUT): value for name, value in texts.items() if name.startswith(_INPUT)
            },
        )

    @property
    def link(self) -> str | None:
        """The address, where there is nothing else."""
        alone = self.source.strip()
        return alone if _LINK.fullmatch(alone) else None

    @property
    def kept(self) -> Kept | None:
        """The file or the post; None, too, for what is no id."""
        if file_id := identified(self.file_id):
            return Kept("file", file_id)
        if post_id := identified(self.post_id):
            return Kept("post", post_id)
        return None

    def _source(self) -> dict[str, str] | None:
        if self.file_id:
            return {"type": "file", "file_id": self.file_id}
        if self.post_id:
            return {"type": "post", "post_id": self.post_id}
        if link := self.link:
            return {"type": "url", "url": link}
        return {"type": "text", "text": self.source} if self.source.strip() or not self.template_id else None

    def body(self) -> WorkflowIn:
        """As `POST /v1/workflows` takes it. Raises ValidationError."""
        wishes: dict[str, Any] = {name: value for name in _WISHES if (value := getattr(self, name).strip())}
        numbers = {name: wishes[name] for name in _NUMBERS if name in wishes}
        wishes |= {
            name: int(typed) for name, typed in numbers.items() if typed.isdecimal() and len(typed) < 10
        }
        keywords = [word for each in re.split(r"[,\n]", self.keywords) if (word := each.strip())]
        return WorkflowIn.model_validate(
            {
                "source": self._source(),
                "platforms": self.platforms,
                "options": {**wishes, "keywords": keywords, "style_sample_ids": self.style_sample_ids},
                "mode": "template" if self.template_id else "manual",
                "template_id": self.template_id or None,
                "template_input": dict(self.template_input) if self.template_id else {},
                "project_id": self.project_id or None,
                "schedule_for": self._moment(),
            }
        )

    def _moment(self) -> datetime | str | None:
        """What is no time stays as it is, for the schema to refuse."""
        with suppress(Invalid):
            return instant(self.schedule_for, self.zone)
        return self.schedule_for or None


def identified(typed: str) -> UUID | None:
    """None for what is no id."""
    with suppress(ValueError):
        return UUID(typed)
    return None


def wrong(error: ValidationError | ProofroomError) -> dict[str, str]:
    """What is wrong, by field; under "" what is nobody's."""
    if isinstance(error, ValidationError):
        found: dict[str, str] = {}
        for each in error.errors():
            found.setdefault(name := _field(each["loc"]), _WORDS.get(name, each["msg"]))
        return found
    pointed = {_field(each.pointer.strip("/").split("/")): each.detail for each in error.errors}
    return pointed or {"": error.detail}


def called(name: str) -> str:
    """A field's label."""
    return _LABELS.get(name, name.removeprefix(_INPUT).replace("_", " "))


def _field(path: Iterable[str | int]) -> str:
    first, *rest = map(str, path)
    match first, rest:
        case ("options", [name, *_]):
            return name
        case ("template_input", [name, *_]):
            return _INPUT + name
        case ("template_input", _):
            return "template_id"
        case _:
            return first


def _all(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(value for value in form.getlist(name) if isinstance(value, str))
