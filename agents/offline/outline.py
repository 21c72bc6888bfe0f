"""Which sections an article has; where the source has no headings, they are found in its own words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from agents.metadata import words
from agents.offline.lexicon import NUMBERS
from agents.offline.material import Material
from agents.offline.ranking import Sentence, terms
from agents.offline.reading import Block, Kind
from agents.shapes import HEADINGS_FROM_WORDS

MOST_PARTS: Final = 12
FOUND_PARTS: Final = 3
"""Sections, besides the opening, that a source without headings is divided into."""
HEADING_CHARACTERS: Final = 70
PER_PIECE: Final = 4
OPENING_WORDS: Final = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A block as it may be shown: sentences, or code."""

    kind: Kind
    sentences: tuple[Sentence, ...]
    code: Block | None = None


@dataclass(frozen=True, slots=True)
class Part:
    heading: str | None
    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Words."""
        return sum(len(words(one.text)) for piece in self.pieces for one in piece.sentences)

    @property
    def weight(self) -> float:
        """What its three best sentences are worth."""
        return sum(sorted((one.score for piece in self.pieces for one in piece.sentences), reverse=True)[:3])


def parts(material: Material) -> list[Part]:
    """The opening first and without a heading. Of many sections the weightiest stay, and always the last."""
    own = [
        Part(section.heading, tuple(_pieces(material, number)))
        for number, section in enumerate(material.article.sections)
    ]
    if sum(part.heading is not None for part in own) < 2:
        return _found(own)
    if own[0].heading is not None:
        own = _with_opening(own)
    middle = sorted(own[1:-1], key=lambda part: -part.weight)[: MOST_PARTS - 2]
    return [part for number, part in enumerate(own) if number in {0, len(own) - 1} or part in middle]


def _pieces(material: Material, number: int) -> list[Piece]:
    found = []
    for place, block in enumerate(material.article.sections[number].blocks):
        if block.kind == "code":
            found.append(Piece("code", (), block))
            continue
        own = tuple(one for one in material.of_section(number) if one.block == place)
        if block.kind == "item":
            found.append(Piece("item", own))
        else:
            found += [Piece("paragraph", own[at : at + PER_PIECE]) for at in range(0, len(own), PER_PIECE)]
    return found


def _with_opening(own: list[Part]) -> list[Part]:
    """The first sentences of the first section open the article, so that no heading does."""
    first = own[0]
    opening, rest = first.pieces[:1], first.pieces[1:]
    return [Part(None, opening), *([Part(first.heading, rest)] if rest else []), *own[1:]]


def _found(own: list[Part]) -> list[Part]:
    pieces = [piece for part in own for piece in part.pieces]
    whole = Part(None, tuple(pieces))
    if whole.length < HEADINGS_FROM_WORDS or len(pieces) < 3:
        return [whole]
    opening = 1
    while Part(None, tuple(pieces[:opening])).length < OPENING_WORDS and opening < len(pieces) - 2:
        opening += 1
    rest = pieces[opening:]
    groups = _in_equal_parts(rest, min(FOUND_PARTS, len(rest)))
    if len(groups) > 2 and sum(len(piece.sentences) for piece in groups[-1]) < 2:
        *groups, last, rest = groups
        groups.append(last + rest)  # a heading above a single sentence is half of it
    taken: set[str] = set()
    often = Counter(_terms(pieces))
    named = [_named(group, taken, often) for group in groups]
    return [Part(None, tuple(pieces[:opening])), *named]


def _in_equal_parts(pieces: list[Piece], count: int) -> list[list[Piece]]:
    """By their words, none of them empty."""
    before = [*accumulate((Part(None, (piece,)).length for piece in pieces), initial=0)]
    bounds = [0]
    for index in range(1, count):
        wanted = before[-1] * index / count
        able = range(bounds[-1] + 1, len(pieces) - (count - index) + 1)
        bounds.append(min(able, key=lambda at: abs(before[at] - wanted)))
    return [pieces[low:high] for low, high in pairwise([*bounds, len(pieces)])]


def _terms(group: list[Piece]) -> Iterator[str]:
    told = (term for piece in group for one in piece.sentences for term in terms(one.text))
    return (term for term in told if term not in NUMBERS)


def _named(group: list[Piece], taken: set[str], often: Mapping[str, int]) -> Part:
    """The heading is a short sentence of the section, which then stands nowhere else, or its most frequent word."""
    able = [
        one
        for piece in group
        for one in piece.sentences
        if one.prose and not one.leans and len(one.text) <= HEADING_CHARACTERS and len(words(one.text)) > 1
    ]
    if able and sum(len(piece.sentences) for piece in group) > 1:
        best = max(able, key=lambda one: (one.score, -one.place))
        kept = [_without(piece, best) for piece in group]
        return Part(best.text.rstrip(".。"), tuple(kept))
    counts = Counter(term for term in _terms(group) if term not in taken)
    word = max(counts, key=lambda term: (counts[term], often[term], len(term)), default=None)
    taken.add(word or "")
    return Part(word.capitalize() if word else None, tuple(group))


def _without(piece: Piece, without: Sentence) -> Piece:
    return Piece(piece.kind, tuple(one for one in piece.sentences if one is not without), piece.code)
