"""Fewer of the source's own sentences: the ones that carry it, below the headings under which they stood."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from agents.base import CondenseRequest, Note
from agents.metadata import words
from agents.offline.ranking import Sentence, ranked
from agents.offline.reading import Article, Block, Section
from agents.offline.sentences import joined
from agents.offline.wishes import Wishes
from agents.passages import CHARACTERS_PER_WORD, sentences_of


def condensed(request: CondenseRequest) -> tuple[Note, ...]:
    """Extractive and deterministic: what is left stands word for word in the source."""
    sections = [
        (heading, list(below)) for heading, below in groupby(request.notes, lambda note: note.heading)
    ]
    article = Article(
        request.brief.source.title,
        tuple(Section(heading, [*map(_block, below)]) for heading, below in sections),
    )
    found = ranked(article, request.brief, Wishes())
    kept = _best(found, request.words) or [_begun(one, request.words) for one in found[:1]]
    return tuple(_notes([below for _, below in sections], kept))


def _block(note: Note) -> Block:
    said = (note.text[start:end] for start, end in sentences_of(note.text))
    return Block("paragraph", tuple(" ".join(one.split()) for one in said))


def _best(sentences: Sequence[Sentence], room: int) -> list[Sentence]:
    """None that leans on another, which may not have stayed."""
    kept = []
    for sentence in sorted(sentences, key=lambda one: (one.leans, -one.score, one.place)):
        length = len(words(sentence.text))
        if length <= room:
            kept.append(sentence)
            room -= length
    return sorted(kept, key=lambda one: one.place)


def _begun(sentence: Sentence, room: int) -> Sentence:
    """For a text without an end: something of it stays."""
    return replace(sentence, text=" ".join(sentence.text.split()[:room])[: room * CHARACTERS_PER_WORD])


def _notes(sections: Sequence[Sequence[Note]], kept: Sequence[Sentence]) -> Iterator[Note]:
    for (section, block), said in groupby(kept, lambda one: (one.section, one.block)):
        text = joined([one.text for one in said])
        yield sections[section][block].model_copy(update={"text": text})
