"""The writer that needs no model: it says what the source says, in the source's own sentences."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Final

from agents.base import CondenseRequest, Meter, Note, WriteRequest, Written
from agents.offline import thread
from agents.offline.article import articles
from agents.offline.call import PROMPT, metered
from agents.offline.condense import condensed
from agents.offline.label import content_of
from agents.offline.letter import letters
from agents.offline.material import Material, clipped, gather
from agents.offline.post import posts
from agents.offline.reading import READ_LIMIT
from agents.offline.sentences import TERMINAL
from agents.offline.short import short_posts
from agents.offline.wishes import of_rules
from agents.passages import CHARACTERS_PER_WORD
from agents.provenance import trace
from core.content import Content

WINDOW_WORDS: Final = READ_LIMIT // CHARACTERS_PER_WORD
SHORT: Final = 500
"""Platforms that take fewer units than this get one thought, not paragraphs."""
MAIL: Final = "email"
TRIED: Final = 60
"""Drafts that are looked at before one is taken that is not new or not allowed."""


class OfflineWriter:
    """Extractive and deterministic: the same request always makes the same draft. It cannot translate: the draft
    has the source's language."""

    def __init__(self, window_words: int = WINDOW_WORDS) -> None:
        self.window_words = window_words

    def condensing_prompt(self, request: CondenseRequest) -> None:
        return None

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]:
        return await metered("writer", meter, partial(condensed, request))

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        return await metered("writer", meter, partial(written, request), attrgetter("content.content"))


def written(request: WriteRequest) -> Written:
    content = compose(request)
    return Written(content, PROMPT, trace(content.content, request.brief.source))


def compose(request: WriteRequest) -> Content:
    """The best draft that breaks no rule and is not the previous one. Wishes that were understood decide what is
    best; without any, each further round takes the next."""
    material = gather(request)
    previous = material.previous.strip()
    asked = material.asked != of_rules(request.brief.rules)
    turn = 0 if not previous or asked else max(0, request.sequence - 1)
    able: list[Content] = []
    allowed: list[Content] = []
    for draft in islice(_drafts(material), TRIED):
        if draft in allowed or request.policy.for_writer(request.policy.violations(draft)):
            continue
        allowed.append(draft)
        if draft.content.strip() != previous:
            able.append(draft)
            if len(able) > turn:
                break
    return (able or allowed or [_plain(material)])[turn % max(1, len(able))]


def _drafts(material: Material) -> Iterator[Content]:
    if material.policy.title_max is not None:
        yield from letters(material) if material.policy.platform == MAIL else articles(material)
        yield from (content_of(material, text) for text in _in_other_dress(material))
        return
    if material.policy.max_parts > 1 and thread.wanted(material.brief, material.feedback):
        yield from thread.threads(material)
    short = material.policy.max_length < SHORT
    yield from short_posts(material) if short else posts(material)
    yield from (Content(content=text) for text in _in_other_dress(material))


def _in_other_dress(material: Material) -> Iterator[str]:
    """For a source of a single word: the same words with and without a mark behind them, and as a quotation."""
    for text in [one.text for one in material.prose[:3]] or [material.rough]:
        base = clipped(text, 200, material.policy)
        yield from (dressed for dressed in (base, base.rstrip(TERMINAL), f"“{base}”") if dressed)


def _plain(material: Material) -> Content:
    """Whatever the source is, something of it fits."""
    return Content(content=clipped(material.rough, material.policy.max_length // 2, material.policy))
