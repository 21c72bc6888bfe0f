"""How a source that is longer than the writer's window becomes notes: map over its passages, and reduce while the notes
are still too long. Each step reads some pieces side by side and is kept, so that paid work is not done twice."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, cast

from agents.base import Brief, Condenser, CondenseRequest, Meter, Note, Source, Writer
from agents.offline.condense import condensed
from agents.passages import notes, size
from graphs.state import CondensingRecord, NoteRecord, State

AT_ONCE: Final = 4
"""Pieces of one step: calls that run side by side."""
PIECE_SHARE: Final = 0.25
"""Of the window: room for the answer, and a model reads what is short with more care."""
MOST_PIECE_WORDS: Final = 6_000
FILLED: Final = 0.6
"""Of the window by what is left, so that a model that writes a little more than asked need not be asked again."""
LEAST_WORDS: Final = 30
BEGINNING: Final[CondensingRecord] = {"whole": None, "done": 0, "notes": []}
LEAST_SHRINKING: Final = 0.8
"""A pass that leaves more than this share is the last: it would go on for ever."""


def too_long(source: Source, writer: Writer) -> bool:
    """No text has more words than characters, and most are short: those are not counted."""
    if not isinstance(writer, Condenser) or len(source.text) <= writer.window_words:
        return False
    return size(source.text) > writer.window_words


@dataclass(frozen=True, slots=True)
class Pass:
    """All the pieces once. `share`: of the source's words, that are read."""

    calls: int
    share: float


def passes_at_most(source: Source, window_words: int) -> list[Pass]:
    """Two pieces in a row are more than one may be, and a pass that shrinks too little is the last."""
    most, share, passes = _most(window_words), 1.0, list[Pass]()
    words = size(source.text) if len(source.text) > window_words else 0
    while (left := int(words * share)) > window_words:
        passes.append(Pass(2 * left // most + 1, share))
        share *= LEAST_SHRINKING
    return passes


async def step(state: State, brief: Brief, writer: Writer, meter: Meter) -> State:
    """The next pieces read; `notes` are there when all is done."""
    at = state.get("condensing") or BEGINNING
    if not isinstance(writer, Condenser):
        raise TypeError(f"{type(writer).__name__} reads no source in pieces.")
    whole = _whole(at, brief.source)
    window = writer.window_words
    total = sum(size(note.text) for note in whole)
    pieces = list(islice(_pieces(whole[at["done"] :], window), AT_ONCE))
    requests = [CondenseRequest(brief, piece, _room(piece, total, window)) for piece in pieces]
    answers = await _all(writer.condense(request, meter) for request in requests)
    made = [*at["notes"], *(_record(note) for answer in answers for note in answer)]
    done = at["done"] + sum(map(len, pieces))
    if done < len(whole):
        return {"condensing": {"whole": at["whole"], "done": done, "notes": made}}
    left = sum(size(note["text"]) for note in made)
    if left <= window:
        return {"condensing": None, "notes": made}
    if left <= total * LEAST_SHRINKING:
        return {"condensing": {"whole": made, "done": 0, "notes": []}}
    return {"condensing": None, "notes": await _cut(brief, made, window)}


async def _all(reading: Iterable[Coroutine[Any, Any, tuple[Note, ...]]]) -> list[tuple[Note, ...]]:
    """Should one fail, the others are heard to their end before it is raised: they are paid for, and may be kept."""
    ended = await asyncio.gather(*reading, return_exceptions=True)
    answers = []
    for each in ended:
        if isinstance(each, BaseException):
            raise each
        answers.append(each)
    return answers


def _whole(at: CondensingRecord, source: Source) -> Sequence[Note]:
    if at["whole"] is None:
        return notes(source)
    return [Note.model_validate(note) for note in at["whole"]]


def _pieces(whole: Sequence[Note], window: int) -> Iterator[tuple[Note, ...]]:
    most = _most(window)
    piece: list[Note] = []
    count = 0
    for note in whole:
        length = size(note.text)
        if piece and count + length > most:
            yield tuple(piece)
            piece, count = [], 0
        piece.append(note)
        count += length
    if piece:
        yield tuple(piece)


def _most(window: int) -> int:
    return max(1, min(MOST_PIECE_WORDS, int(window * PIECE_SHARE)))


def _room(piece: Sequence[Note], total: int, window: int) -> int:
    """Each piece has the share of the whole that it is."""
    share = sum(size(note.text) for note in piece) / max(1, total)
    return max(LEAST_WORDS, int(window * FILLED * share))


async def _cut(brief: Brief, made: Sequence[NoteRecord], window: int) -> list[NoteRecord]:
    """For a model that cannot be brief: the notes' own weightiest sentences."""
    request = CondenseRequest(brief, tuple(Note.model_validate(note) for note in made), window)
    return [_record(note) for note in await asyncio.to_thread(condensed, request)]


def _record(note: Note) -> NoteRecord:
    return cast("NoteRecord", note.model_dump(mode="json"))
