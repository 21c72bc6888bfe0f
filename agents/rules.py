"""A rule of style in words that a writer can follow, made from what people have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.base import Meter


@dataclass(frozen=True, slots=True)
class Shown:
    """The words in which a change shows, in one edit."""

    before: str
    after: str


class RuleWriter(Protocol):
    async def worded(self, rule: str, shown: Sequence[Shown], meter: Meter) -> str:
        """`rule` is how code words it. Raises ModelFailed, and BudgetExceeded through the meter."""
        ...
