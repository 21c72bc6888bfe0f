"""A piece of a long source as notes that keep the numbers of the passages they rest on, by a language model."""

from collections.abc import Mapping, Sequence
from typing import Final

from agents.answers import Digest, Gist
from agents.base import CondenseRequest, Meter, Note
from agents.llm import Model
from agents.prompt import Question, fenced, fill, noted

NAME: Final = "article"


async def condensed(model: Model, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
    """In the order of the passages, below the headings of those. Raises ModelFailed, and BudgetExceeded through the
    meter."""
    answer, _ = await model.ask(question(request), Digest, meter)
    headings = {number: note.heading for note in request.notes for number in note.passages}
    return tuple(note for gist in answer.notes if (note := _note(gist, headings))) or _as_they_are(request)


def question(request: CondenseRequest) -> Question:
    title = request.brief.source.title
    lines = [f"Title: {title}"] if title else []
    return Question(
        system=fill("condense", {"words": request.words}),
        user=fill("part", {"material": fenced({NAME: "\n\n".join([*lines, *noted(request.notes)])})}),
    )


def _note(gist: Gist, headings: Mapping[int, str | None]) -> Note | None:
    """What names no passage of this piece rests on nothing."""
    known: Sequence[int] = sorted({number for number in gist.passages if number in headings})
    if not known:
        return None
    return Note(text=gist.text.strip(), heading=headings[known[0]], passages=tuple(known))


def _as_they_are(request: CondenseRequest) -> tuple[Note, ...]:
    """For an answer of which nothing can be used: the piece stays, and the next pass cuts it."""
    return request.notes
