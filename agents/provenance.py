"""What of the source each sentence of a draft rests on.

Words that stand in the source are found letter by letter. For the others the writer's own word counts, or else the
sentence of the source that shares most of the telling words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex
from rapidfuzz import fuzz, process

from agents.base import Beginning, Ground, Source
from agents.evidence import span
from agents.metadata import words
from agents.offline.ranking import terms
from agents.offline.sentences import spans
from agents.passages import Passage, Span, numbered, place_at, sentences_of
from agents.signs import CODE

ALIKE: Final = 70
"""Of 100, rapidfuzz's token set ratio: what is less alike is another statement."""
SHARED: Final = 0.5
"""Of a sentence's telling words, those that the source's sentence must have."""
CANDIDATES: Final = 5
_MARKER: Final = regex.compile(r"[ \t]*(?:[-*+•→>]|\d{1,3}[.)])[ \t]+")
_SILENT: Final = regex.compile(r"#{1,6} |[ \t]*(?:#\w+[ \t]*)+$|[^\p{L}\p{N}]*$")
"""Headings, hashtags, and lines without a word."""
_LINK: Final = regex.compile(
    # Brackets within brackets are not looked through: a line of nothing else would take the square of its length.
    r"!?\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*+\)|<[^<>\n]{1,200}>"
)
_NOT_A_WORD: Final = regex.compile(r"[^\p{L}\p{M}\p{N}]+")


@dataclass(frozen=True, slots=True)
class Claimed:
    """The writer's own word: this span of the draft rests on that passage."""

    quote: str
    passage: int


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of the source, and where it stands in its passage."""

    passage: Passage
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.passage.text[self.start : self.end]


@dataclass(frozen=True)
class _Index:
    said: tuple[_Said, ...]
    exact: Mapping[str, int]
    telling: tuple[str, ...]
    """Of each sentence the words that tell something, folded."""
    by_passage: Mapping[int, tuple[int, ...]]


def trace(text: str, source: Source, claimed: Sequence[Claimed] = ()) -> tuple[Ground, ...]:
    """A ground for each of the draft's sentences that has one, in their order."""
    index = _index(source.text, source.title, source.places or ())
    theirs = list(_located(text, index, claimed))
    found = []
    for start, end in statements(text):
        quote = text[start:end]
        own = next((passage for passage, (first, last) in theirs if first < end and last > start), None)
        at = _exact(quote, index)
        if at is None and own is not None:
            at = _nearest_of(quote, index, own)
        if at is None:
            at = _nearest(quote, index)
        if at is not None:
            found.append(_ground(quote, index.said[at], source.places or ()))
    return tuple(found)


def statements(text: str) -> Iterator[Span]:
    """Where the sentences of a draft stand in it; no headings, no code, no hashtags."""
    at = 0
    for line in CODE.sub(lambda code: " " * len(code[0]), text).splitlines(keepends=True):
        start, at = at, at + len(line)
        if _SILENT.match(line.rstrip()):
            continue
        marker = _MARKER.match(line)
        begin = start + (marker.end() if marker else 0)
        yield from ((begin + first, begin + last) for first, last in spans(text[begin:at]))


def _located(text: str, index: _Index, claimed: Sequence[Claimed]) -> Iterator[tuple[int, Span]]:
    """Those whose quote stands in the draft and whose passage there is."""
    for each in claimed:
        quote = span(each.quote, text) if each.passage in index.by_passage else ""
        if quote:
            start = text.index(quote)
            yield each.passage, (start, start + len(quote))


def _exact(quote: str, index: _Index) -> int | None:
    return index.exact.get(_plain(quote))


def _nearest_of(quote: str, index: _Index, passage: int) -> int:
    """The writer says which passage; whether it speaks another language than the draft cannot be told."""
    among = index.by_passage[passage]
    told = _telling(quote)
    return max(among, key=lambda at: fuzz.token_set_ratio(told, index.telling[at]))


def _nearest(quote: str, index: _Index) -> int | None:
    told = _telling(quote)
    own = frozenset(told.split())
    if not own:
        return None
    found = process.extract(
        told, index.telling, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE, limit=CANDIDATES
    )
    shared = [(len(own & frozenset(there.split())) / len(own), score, -at) for there, score, at in found]
    best = max(shared, default=(0.0, 0.0, 0))
    return -best[2] if best[0] >= SHARED else None


def _ground(quote: str, said: _Said, places: Sequence[Beginning]) -> Ground:
    place = place_at(places, said.passage.start + said.start) if said.passage.number else None
    return Ground(quote=quote, passage=said.passage.number, source_quote=said.text, place=place)


# A worker has the same source before it for each platform and each round.
@lru_cache(maxsize=16)
def _index(text: str, title: str | None, places: tuple[Beginning, ...]) -> _Index:
    said: list[_Said] = []
    for passage in numbered(Source(text=text, title=title, places=places)).values():
        said += [_Said(passage, start, end) for start, end in sentences_of(passage.text)]
    exact: dict[str, int] = {}
    by_passage: dict[int, list[int]] = {}
    for at, each in enumerate(said):
        exact.setdefault(_plain(each.text), at)
        by_passage.setdefault(each.passage.number, []).append(at)
    return _Index(
        tuple(said),
        exact,
        tuple(_telling(each.text) for each in said),
        {number: tuple(among) for number, among in by_passage.items()},
    )


def _plain(text: str) -> str:
    """Its words alone: marks and their escapes differ between a source and what is made of it."""
    return _NOT_A_WORD.sub(" ", _LINK.sub(r"\1", text)).strip().casefold()


def _telling(text: str) -> str:
    """Names, numbers and long words; all of them where there are no others."""
    bare = _LINK.sub(r"\1", text)
    folded = [word.casefold() for word in words(bare)]
    known = terms(bare)
    return " ".join(known if len(known) > 1 else folded)
