"""Rules of style worded by a language model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.answers import Answer, Words
from agents.base import Meter
from agents.llm import Model
from agents.prompt import Question, fenced, fill
from agents.rules import Shown

LONGEST: Final = 300
"""Characters: one sentence."""


class Wording(Answer):
    rule: Words


@dataclass(frozen=True, slots=True)
class ModelRuleWriter:
    model: Model

    async def worded(self, rule: str, shown: Sequence[Shown], meter: Meter) -> str:
        """What is longer than a sentence is not taken: then the given rule stays."""
        answer, _ = await self.model.ask(question(rule, shown), Wording, meter)
        found = " ".join(answer.rule.split())
        return found if len(found) <= LONGEST else rule


def question(rule: str, shown: Sequence[Shown]) -> Question:
    material: dict[str, str] = {}
    for number, each in enumerate(shown, 1):
        material |= {f"before {number}": each.before, f"after {number}": each.after}
    user = fill("rule", {"rule": rule, "material": fenced(material)})
    return Question(system=fill("ruler", {"longest": LONGEST}), user=user)
