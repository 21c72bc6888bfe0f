"""Quotable passages by a language model."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from agents.answers import Answer, Words
from agents.base import Meter
from agents.evidence import span
from agents.llm import Model
from agents.prompt import Question, fenced, fill
from agents.quoter import apart


class Quotes(Answer):
    quotes: list[Words]


@dataclass(frozen=True, slots=True)
class ModelQuoter:
    model: Model
    window_words: int
    """A longer text is read in parts, each of which gives its share."""

    async def quotes(self, text: str, count: int, meter: Meter) -> list[str]:
        """What the model quotes and nobody said is left out."""
        parts = list(_parts(text, self.window_words))
        found = [await self._best(part, math.ceil(count / len(parts)), meter) for part in parts]
        ranked = (quote for rank in zip_longest(*found) for quote in rank if quote is not None)
        return apart(text, ranked, count)

    async def _best(self, part: str, count: int, meter: Meter) -> list[str]:
        answer, _ = await self.model.ask(question(part, count), Quotes, meter)
        return [span(quote, part) for quote in answer.quotes]


def question(text: str, count: int) -> Question:
    return Question(
        system=fill("quoter", {"count": count}),
        user=fill("quote", {"material": fenced({"transcript": text}), "count": count}),
    )


def _parts(text: str, most: int) -> Iterator[str]:
    """Of at most so many words where paragraphs allow it, cut between them."""
    part: list[str] = []
    size = 0
    for paragraph in text.split("\n\n"):
        words = len(paragraph.split())
        if part and size + words > most:
            yield "\n\n".join(part)
            part, size = [], 0
        part.append(paragraph)
        size += words
    yield "\n\n".join(part)
