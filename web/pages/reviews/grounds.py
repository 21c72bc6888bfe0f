"""What each sentence of a draft rests on, and the source by its passages, as the page of a review shows them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.base import Ground, Place, Source
from agents.passages import Passage, numbered
from services.reviewing.review_context import Context
from services.reviewing.review_views import ReviewView

_QUICK: Final = 20_000
"""Characters; longer sources are cut off the event loop."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A sentence of the draft and the words of the source that it rests on."""

    name: str
    """Of its marks in the text."""
    ground: Ground
    place: str | None
    seconds: float | None
    """Where it is said in a recording."""
    linked: bool
    """Whether the source is cut as it was then, and the passage to be found."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What nothing in the source says."""

    name: str
    quote: str
    instruction: str


async def passages(context: Context) -> Sequence[tuple[Passage, str | None]]:
    """The source's, each with its place where that is another than the one before."""
    source = Source.model_validate(context.source)
    if len(source.text) <= _QUICK:
        return _passages(source)
    return await asyncio.to_thread(_passages, source)


def _passages(source: Source) -> Sequence[tuple[Passage, str | None]]:
    found: list[tuple[Passage, str | None]] = []
    before: Place | None = None
    for passage in numbered(source).values():
        found.append((passage, called(passage.place) if passage.place != before else None))
        before = passage.place
    return found


def grounds(view: ReviewView, cut: Sequence[tuple[Passage, str | None]]) -> Sequence[Shown]:
    texts = {passage.number: passage.text for passage, _ in cut}
    found = [Ground.model_validate(each) for each in view.draft.get("provenance") or ()]
    return [
        Shown(
            f"ground-{number}",
            each,
            called(each.place),
            each.place.seconds if each.place else None,
            each.source_quote in texts.get(each.passage, ""),
        )
        for number, each in enumerate(found, 1)
    ]


def claims(view: ReviewView) -> Sequence[Claim]:
    found = (view.evaluation or {}).get("ungrounded") or ()
    return [Claim(f"claim-{number}", **_remark(each)) for number, each in enumerate(found, 1)]


def _remark(each: Mapping[str, Any]) -> dict[str, str]:
    return {"quote": each["quote"], "instruction": each["instruction"]}


def called(place: Place | None) -> str | None:
    """As people say it: page 3, slide 2, 12:40."""
    if place is None:
        return None
    if place.seconds is not None:
        return clock(place.seconds)
    return place.label if place.kind == "chapter" else f"{place.kind} {place.label or ''}".strip()


def clock(seconds: float) -> str:
    """12:40."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
