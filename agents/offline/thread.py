"""Several short posts in a row: the first works alone, each is a whole thought, and they keep the article's order."""

from collections.abc import Iterator
from typing import Final

import regex

from agents.base import Brief
from agents.offline.material import Material, finished, headline, pick
from agents.offline.post import USUAL_WORDS, closing, openings
from agents.offline.ranking import Sentence
from agents.offline.sentences import joined
from core.content import Content

SEPARATOR: Final = "\n---\n"
MOST_PARTS: Final = 8
"""Fewer than a platform takes: who reads without a model's art reads less."""
_ASKED: Final = regex.compile(r"(?i)\bthreads?\b")
_REFUSED: Final = regex.compile(
    r"(?i)\b(?:no|not|without|instead of|rather than)(?: \w+){0,3} threads?\b|\bsingle (?:post|tweet)\b"
)


def wanted(brief: Brief, feedback: str | None) -> bool:
    """The reviewer's word counts before the template's."""
    for said in (feedback, brief.template):
        if said and (_ASKED.search(said) or _REFUSED.search(said)):
            return not _REFUSED.search(said)
    return False


def threads(material: Material) -> Iterator[Content]:
    """The best first; each opens with another sentence."""
    for opening in openings(material):
        parts = _parts(material, opening)
        if len(parts) > 1:
            yield Content(content=SEPARATOR.join(parts))


def _parts(material: Material, opening: Sentence) -> list[str]:
    last = closing(material, opening)
    taken = [opening, *([last] if last else [])]
    room = material.words(USUAL_WORDS) - sum(len(one.text.split()) for one in taken)
    pool = [one for one in material.prose if one not in taken and _fits(material, finished(one.text))]
    first = joined([part for part in (headline(material), finished(opening.text)) if part])
    parts = [first if _fits(material, first) else finished(opening.text)]
    before = opening
    for one in (*pick(material, pool, room, taken), *taken[1:]):
        text = finished(one.text)
        longer = joined([parts[-1], text])
        if one.section == before.section and one.place > before.place and _fits(material, longer):
            parts[-1] = longer
        elif not one.leans and len(parts) < min(MOST_PARTS, material.policy.max_parts):
            parts.append(text)
        else:
            continue
        before = one
    return parts


def _fits(material: Material, text: str) -> bool:
    return material.policy.measure(text) <= material.policy.max_length
