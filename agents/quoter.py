"""The most quotable passages of what somebody said."""

from collections.abc import Iterable
from typing import Final, Protocol

from agents.base import Meter

LONGEST: Final = 1500
"""Characters: more than a minute."""


class Quoter(Protocol):
    async def quotes(self, text: str, count: int, meter: Meter) -> list[str]:
        """At most `count` spans of `text`, the best first, none overlapping another. Raises ModelFailed, and
        BudgetExceeded through the meter."""
        ...


def apart(text: str, spans: Iterable[str], count: int) -> list[str]:
    """Without those that share words with one before them, and without what nobody would quote as a whole."""
    taken: list[tuple[int, int]] = []
    found = []
    for quote in spans:
        start = text.find(quote) if quote else -1
        end = start + len(quote)
        if (
            start >= 0
            and len(quote) <= LONGEST
            and all(end <= other or start >= until for other, until in taken)
        ):
            taken.append((start, end))
            found.append(quote)
    return found[:count]
