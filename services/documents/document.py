"""What every reader returns, and how its text is put together."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from core.text import storable
from services.confined.limits import Unreadable

MAX_CHARACTERS: Final = 1_000_000
PlaceKind: TypeAlias = Literal["page", "slide", "chapter", "time"]
Report: TypeAlias = Callable[[float], None]
"""Called with the share that is done, from 0 to 1."""

_TITLE: Final = 500
_LABEL: Final = 200
_LINE_ENDS: Final = re.compile(r"\r\n?|[\v\x85\u2028]")
_PARAGRAPH_ENDS: Final = re.compile(r"[\f\u2029]")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u00ad]")
_LIGATURES: Final = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}
)
_TRAILING: Final = re.compile(r"(?<![^\S\n])[^\S\n]+$", re.MULTILINE)
_GAPS: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page, a slide, a chapter or a moment begins: `at` is an offset in the text."""

    at: int
    kind: PlaceKind
    label: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """`text` is Markdown or plain, its paragraphs apart by a blank line; `places` are in the order of their positions."""

    text: str
    places: tuple[Place, ...] = ()
    title: str | None = None
    language: str | None = None
    """As BCP 47 has it, where the file says so."""


@dataclass(slots=True)
class Composer:
    """Takes a document's parts as they come and knows where each begins."""

    _parts: list[str] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _length: int = 0

    def add(
        self,
        text: str,
        kind: PlaceKind | None = None,
        label: str | None = None,
        seconds: float | None = None,
        separator: str = "\n\n",
    ) -> None:
        """Another part and, if it has a `kind`, the place that begins with it. Raises Unreadable when it gets too long."""
        cleaned = clean(text)
        if not cleaned:
            return
        if self._parts:
            self._append(separator)
        if kind is not None:
            shown = clean(label)[:_LABEL] if label else None
            self._places.append(Place(self._length, kind, shown or None, seconds))
        self._append(cleaned)

    def _append(self, text: str) -> None:
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise too_long()
        self._parts.append(text)

    @property
    def empty(self) -> bool:
        return not self._parts

    def document(self, title: str | None = None, language: str | None = None) -> Document:
        """Raises Unreadable when there is nothing in it."""
        if self.empty:
            raise Unreadable("There is no text in it.")
        line = " ".join(clean(title or "").split())[:_TITLE]
        return Document("".join(self._parts), tuple(self._places), line or None, _language(language))


def too_long() -> Unreadable:
    return Unreadable(
        f"It holds more than {MAX_CHARACTERS:,} characters. Split it and upload the part you want to write about."
    )


def clean(text: str) -> str:
    """As it can be kept and compared: NFC, no control characters, one kind of line end, no more than one blank line."""
    text = _PARAGRAPH_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text))
    text = storable(unicodedata.normalize("NFC", _CONTROLS.sub("", text).translate(_LIGATURES)))
    return _GAPS.sub("\n\n", _TRAILING.sub("", text)).strip()


def _language(given: str | None) -> str | None:
    found = (given or "").strip().replace("_", "-")
    return found if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", found) else None
