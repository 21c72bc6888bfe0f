"""A source cut into numbered passages, always the same way, so that a number leads back to the same words."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from agents.base import Beginning, Note, Place, Source
from agents.metadata import words
from agents.offline.sentences import spans

FEWEST_WORDS: Final = 50
MOST_WORDS: Final = 120
"""A paragraph: small enough to be found in at a glance, large enough to make sense alone."""
CHARACTERS_PER_WORD: Final = 8
"""More than there are in the prose of any language with blanks, the blank included."""
_GAP: Final = regex.compile(r"\n[ \t]*\n\s*|\n(?=#{1,6} )|(?<=^#{1,6} [^\n]*)\n", regex.MULTILINE)
_HEADING: Final = regex.compile(r"#{1,6} +([^\n]*\S)\s*")
_ENTRY: Final = regex.compile(r"\n(?=[ \t]*(?:[-*+•→|]|\d{1,3}[.)])\s)")
_WORD: Final = regex.compile(r"\S{1,80}")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """`text` is what stands in the source from `start` on; `number` counts from 1, and 0 is the source's title."""

    number: int
    text: str
    start: int
    heading: str | None = None
    place: Place | None = None


def passages(source: Source) -> tuple[Passage, ...]:
    """All but the title, in the source's order."""
    return _passages(source.text, source.places or ())


def numbered(source: Source) -> dict[int, Passage]:
    """The title among them, where it has one."""
    title = {0: Passage(0, source.title, 0)} if source.title else {}
    return title | {passage.number: passage for passage in passages(source)}


def notes(source: Source) -> tuple[Note, ...]:
    """Its passages as what is to be condensed."""
    return tuple(
        Note(text=_body(passage.text), heading=passage.heading, passages=(passage.number,))
        for passage in passages(source)
    )


def _body(text: str) -> str:
    """Without the headings that it begins with, unless it is all heading."""
    at = 0
    while named := _HEADING.match(text, at):
        at = named.end()
    return text[at:] or text


def size(text: str) -> int:
    """Words; what has no blanks, an encoded picture for instance, counts by its characters."""
    return max(len(words(text)), len(text) // CHARACTERS_PER_WORD)


def sentences_of(text: str) -> Iterator[Span]:
    """Where the sentences of a passage stand in it; headings and entries of lists are sentences of their own."""
    for start, end in _blocks(text):
        at = start
        for stop in (*(match.start() for match in _ENTRY.finditer(text, start, end)), end):
            yield from ((at + first, at + last) for first, last in spans(text[at:stop]))
            at = stop


def place_at(places: Sequence[Beginning], at: int) -> Place | None:
    """The place that the character `at` is in."""
    found = bisect_right(places, at, key=lambda place: place.at)
    return places[found - 1].place if found else None


# A worker has the same source before it for each platform and each round.
@lru_cache(maxsize=16)
def _passages(text: str, places: tuple[Beginning, ...]) -> tuple[Passage, ...]:
    heading = None
    found: list[Passage] = []
    for start, end in _joined(text):
        if named := _HEADING.match(text, start, end):
            heading = named.group(1)
        found.append(Passage(len(found) + 1, text[start:end], start, heading, place_at(places, start)))
    return tuple(found)


def _joined(text: str) -> Iterator[Span]:
    """Short paragraphs below the same heading share a passage, long ones are divided."""
    open_at = open_to = count = 0
    alone = False
    for start, end in _blocks(text):
        length = size(text[start:end])
        headed = text.startswith("#", start)
        full = count >= FEWEST_WORDS or count + length > MOST_WORDS
        if count and ((headed and not alone) or (full and not alone)):
            yield open_at, open_to
            count = 0
        if not count:
            open_at = start
        alone = headed and (alone or not count)
        if length > MOST_WORDS:
            *whole, (open_at, open_to) = _divided(text, open_at, end)
            yield from whole
            count = MOST_WORDS
        else:
            open_to = end
            count += max(length, 1)
    if count:
        yield open_at, open_to


def _divided(text: str, start: int, end: int) -> list[Span]:
    """At the ends of sentences, and between words where a sentence has no end."""
    found: list[Span] = []
    count = 0
    for first, last in _pieces(text, start, end):
        length = size(text[first:last])
        if found and count + length <= MOST_WORDS:
            found[-1] = (found[-1][0], last)
            count += length
        else:
            found.append((first, last))
            count = length
    return found


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    for first, last in sentences_of(text[start:end]):
        yield from _runs(text, start + first, start + last)


def _runs(text: str, start: int, end: int) -> Iterator[Span]:
    """A sentence, or as many words of it at a time as a passage holds."""
    found = list(_WORD.finditer(text, start, end))
    for at in range(0, len(found), MOST_WORDS):
        yield found[at].start(), found[min(at + MOST_WORDS, len(found)) - 1].end()


def _blocks(text: str) -> Iterator[Span]:
    """Paragraphs and headings, without the blanks around them."""
    at = 0
    for start, end in (*(match.span() for match in _GAP.finditer(text)), (len(text), len(text))):
        piece = text[at:start]
        if piece.strip():
            yield at + len(piece) - len(piece.lstrip()), at + len(piece.rstrip())
        at = end
