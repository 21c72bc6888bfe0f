"""The words of a draft that the critic quoted or that rest on the source, found in the text as its platform shows it.

A quote is found where it stands letter by letter; one that is not there is only listed. Everything is escaped here or
by the template: what comes out holds no markup but the platform's sanitised HTML and our own marks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from agents.base import CRITERIA

Spans = Mapping[str, tuple[int, int]]
"""Criterion, claim or ground to first and last position, the last one exclusive."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text; `quoted_by` are the names that it is quoted under, `ending` those whose quote ends with it."""

    text: str
    quoted_by: Sequence[str] = ()
    ending: Sequence[str] = ()


def spans(text: str, quotes: Mapping[str, str]) -> Spans:
    """Those that occur."""
    found = {name: (text.find(quote), len(quote)) for name, quote in quotes.items() if quote.strip()}
    return {name: (start, start + length) for name, (start, length) in found.items() if start >= 0}


def _pieces(text: str, found: Spans, offset: int) -> Iterator[_Piece]:
    """In their order, cut wherever a quote begins or ends: quotes may overlap."""
    stop = offset + len(text)
    edges = {offset, stop, *(edge for span in found.values() for edge in span if offset < edge < stop)}
    at = sorted(edges)
    for start, end in pairwise(at):
        covering = [name for name, (first, last) in found.items() if first <= start and last >= end]
        ending = [name for name in covering if found[name][1] == end]
        yield _Piece(text[start - offset : end - offset], covering, ending)


def in_html(html: str, quotes: Mapping[str, str]) -> tuple[Markup, frozenset[str]]:
    """Sanitised HTML with marks around the quotes, given as plain text, and the criteria that have one. Pictures load
    late and tell nobody where they are shown; links open beside the page."""
    parts = _read(html)
    found = spans(_text(parts), quotes)
    made: list[str] = []
    at = 0
    for is_text, part in parts:
        if not is_text:
            made.append(part)
            continue
        made.append(marked(part, found, at))
        at += len(part)
    return Markup("".join(made)), frozenset(found)  # noqa: S704 - sanitised by the adapter, and text escaped again


def marked(text: str, found: Spans, offset: int = 0) -> Markup:
    """`text` with marks. `offset`: where it begins in what `found` counts in."""
    return Markup("").join(_marked(piece) for piece in _pieces(text, found, offset))


def plain(html: str) -> str:
    """What is read of it."""
    return _text(_read(html))


def _read(html: str) -> list[tuple[bool, str]]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.parts


def _text(parts: list[tuple[bool, str]]) -> str:
    return "".join(part for is_text, part in parts if is_text)


def _marked(piece: _Piece) -> Markup:
    text = escape(piece.text)
    if criteria := [name for name in piece.quoted_by if name in NUMBERS]:
        text = MARK.format(" ".join(criteria), text)
    for name in piece.quoted_by:
        if name.startswith("claim-"):
            text = CLAIM.format(name, text)
        elif name.startswith("ground-"):
            text = GROUND.format(name, text)
    return text + Markup("").join(
        NOTE.format(name, NUMBERS[name]) if name in NUMBERS else CLAIM_NOTE.format(name)
        for name in piece.ending
        if not name.startswith("ground-")
    )


MARK: Final = Markup('<mark data-quote="{}">{}</mark>')
NOTE: Final = Markup(
    '<sup class="note" id="quote-{0}"><a href="#criterion-{0}"><span class="unseen">Finding </span>{1}</a></sup>'
)
GROUND: Final = Markup('<span data-ground="{}">{}</span>')
CLAIM: Final = Markup('<mark data-claim="{}">{}</mark>')
CLAIM_NOTE: Final = Markup(
    '<sup class="note" id="in-text-{0}"><a href="#{0}">nothing in the source says this</a></sup>'
)
NUMBERS: Final[Mapping[str, int]] = {name: number for number, name in enumerate(CRITERIA, 1)}
"""Of a quote and of the finding that it belongs to."""


class _Reader(HTMLParser):
    """Tags as they are, with what we ask of pictures and links, between pieces of text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[bool, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        if asked := _ASKED.get(tag):
            written = f"<{tag} {asked}{written[len(tag) + 1 :]}"
        self.parts.append((False, written))

    def handle_endtag(self, tag: str) -> None:
        self.parts.append((False, f"</{tag}>"))

    def handle_data(self, data: str) -> None:
        self.parts.append((True, data))


_ASKED: Final = {
    "img": 'referrerpolicy="no-referrer" loading="lazy" decoding="async"',
    "a": 'target="_blank"',
}
