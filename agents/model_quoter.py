"""Quotable passages by a language model."""

from dataclasses import dataclass

from agents.answers import Answer, Words
from agents.base import Meter
from agents.evidence import span
from agents.llm import Model
from agents.prompt import SOURCE_LIMIT, Question, fenced, fill
from agents.quoter import apart


class Quotes(Answer):
    quotes: list[Words]


@dataclass(frozen=True, slots=True)
class ModelQuoter:
    model: Model

    async def quotes(self, text: str, count: int, meter: Meter) -> list[str]:
        """What the model quotes and nobody said is left out."""
        answer, _ = await self.model.ask(question(text, count), Quotes, meter)
        return apart(text, [span(quote, text) for quote in answer.quotes], count)


def question(text: str, count: int) -> Question:
    return Question(
        system=fill("quoter", {"count": count}),
        user=fill("quote", {"material": fenced({"transcript": text[:SOURCE_LIMIT]}), "count": count}),
    )
