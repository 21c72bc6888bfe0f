"""Pieces of a recording that overlap, put together: what was said in an overlap was heard twice and is kept once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import regex
from rapidfuzz.distance import LCSseq

from agents.transcriber import Segment
from services.documents.speech import ends_sentence, space_between
from services.media.ffmpeg import Window

SAME_SECONDS: Final = 3.0
"""A word that both pieces heard is the same when its times differ by less: a segment's words have no times of their own."""
RUN: Final = 3
"""Words in a row that show that both pieces say the same."""
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD: Final = regex.compile(rf"[{_UNSPACED}][^\s\p{{L}}\p{{N}}]*|[^\s{_UNSPACED}]+")
_MARKS: Final = regex.compile(r"[^\p{L}\p{N}\p{M}]+")


@dataclass(frozen=True, slots=True)
class Word:
    """`begin` and `stop` are offsets in the text of the segment `place`; `at` is in seconds."""

    said: str
    """Without marks and capitals."""
    written: str
    place: int
    begin: int
    stop: int
    at: float


def join(pieces: Iterable[tuple[Window, Sequence[Segment]]]) -> list[Segment]:
    """In order, none overlapping another, in seconds of the whole recording, as the segments of the pieces are."""
    whole: list[Segment] = []
    heard_until = 0.0
    for window, segments in pieces:
        ordered = sorted(segments, key=lambda one: one.start)
        whole = _seam(whole, ordered, Window(window.start, max(heard_until, window.start)))
        heard_until = window.end
    return list(_apart(whole))


def _seam(left: list[Segment], right: list[Segment], overlap: Window) -> list[Segment]:
    first = next((place for place, one in enumerate(left) if one.end >= overlap.start), len(left))
    known, tail = left[:first], left[first:]
    head = [one for one in right if one.start <= overlap.end]
    if not tail or not head:
        return left + right
    met = _meeting(_words(tail), _words(head), (overlap.start + overlap.end) / 2)
    return [*known, *(_at_word(tail, right, *met) if met else _by_time(tail, right, overlap))]


def _words(segments: Sequence[Segment]) -> list[Word]:
    found = []
    for place, one in enumerate(segments):
        length, seconds = max(len(one.text), 1), one.end - one.start
        for match in _WORD.finditer(one.text):
            if said := _MARKS.sub("", match.group()).casefold():
                at = one.start + seconds * (match.start() + match.end()) / 2 / length
                found.append(Word(said, match.group(), place, match.start(), match.end(), at))
    return found


def _meeting(before: list[Word], after: list[Word], middle: float) -> tuple[Word, Word] | None:
    """The same word in both, if possible the end of a sentence, near the middle, where both have heard what is around."""
    met: list[tuple[bool, float, Word, Word]] = []
    runs = LCSseq.opcodes([word.said for word in before], [word.said for word in after])
    enough = min(RUN, len(before), len(after))
    for run in runs:
        if run.tag != "equal" or run.src_end - run.src_start < enough:
            continue
        for one, other in zip(
            before[run.src_start : run.src_end], after[run.dest_start : run.dest_end], strict=True
        ):
            if abs(one.at - other.at) < SAME_SECONDS:
                met.append((not ends_sentence(one.written), abs(one.at - middle), one, other))
    return min(met, key=lambda found: found[:2])[2:] if met else None


def _at_word(tail: list[Segment], right: list[Segment], one: Word, other: Word) -> list[Segment]:
    """`tail` up to the word, and `right` after it; a sentence that is cut there becomes one again."""
    last, following = tail[one.place], right[other.place]
    kept, rest = last.text[: one.stop].strip(), following.text[other.stop :].strip()
    end = last.end if not last.text[one.stop :].strip() else one.at
    ended = replace(last, text=kept, end=max(end, last.start))
    if not rest:
        return [*tail[: one.place], ended, *right[other.place + 1 :]]
    if ends_sentence(kept):
        begun = replace(following, text=rest, start=min(max(other.at, ended.end), following.end))
        return [*tail[: one.place], ended, begun, *right[other.place + 1 :]]
    whole = Segment(ended.start, max(following.end, ended.end), f"{kept}{space_between(kept, rest)}{rest}")
    return [*tail[: one.place], whole, *right[other.place + 1 :]]


def _by_time(tail: list[Segment], right: list[Segment], overlap: Window) -> list[Segment]:
    """Nothing in common: each side has its half, and what the other did not hear at all."""
    middle = (overlap.start + overlap.end) / 2
    first = [
        one
        for one in tail
        if (one.start + one.end) / 2 < middle or not any(_covers(other, one) for other in right)
    ]
    return [*first, *(one for one in right if not any(_covers(other, one) for other in first))]


def _covers(other: Segment, one: Segment) -> bool:
    """At least half of the shorter of the two."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return shared > 0 and shared * 2 >= min(one.end - one.start, other.end - other.start)


def _apart(segments: Iterable[Segment]) -> Iterator[Segment]:
    until = 0.0
    for one in sorted(segments, key=lambda one: one.start):
        start = max(one.start, until)
        until = max(one.end, start)
        yield Segment(round(start, 3), round(until, 3), " ".join(one.text.split()))
