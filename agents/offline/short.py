"""A post of one thought: the densest sentences that fit together."""

from collections.abc import Iterator
from typing import Final

from agents.facts import carried
from agents.metadata import words
from agents.offline.material import FEW, Material, clipped, finished, headline
from agents.offline.ranking import Sentence, terms
from agents.offline.sentences import joined
from agents.offline.shorten import shorter
from core.content import Content

STARTS: Final = 16
"""Sentences that are tried as the first one."""
NEAR: Final = 6
"""Sentences after the first that may follow it."""
ENOUGH_FACTS: Final = 3
MOST_FACTS: Final = 5
"""More in one post read like a table."""


def short_posts(material: Material) -> Iterator[Content]:
    """The best first. Each begins with another sentence, or with the title."""
    limit = _limit(material)
    whole = [finished(one.text) for one in material.prose]
    if len(whole) < FEW and material.length(whole) <= limit:
        yield Content(content=joined(whole))
    texts: dict[str, float] = {}
    for start in _starts(material):
        for heading in dict.fromkeys((headline(material), "")):
            parts = _grown(material, start, heading, limit)
            if parts:
                texts.setdefault(joined(parts), _value(material, parts, start))
    for text in sorted(texts, key=lambda one: (-texts[one], one)):
        yield Content(content=text)
    for rest in (material.article.title, *(one.text for one in material.prose[:STARTS]), material.rough):
        if rest:
            yield Content(content=clipped(rest, limit, material.policy))


def _limit(material: Material) -> int:
    """In the platform's units."""
    limit = material.policy.max_length
    if material.previous and material.asked.length < 1:
        return max(40, round(material.policy.measure(material.previous) * material.asked.length))
    lengths = [length for length in (material.brief.target_length, material.asked.most_words) if length]
    return min([limit, *(max(40, length * 7) for length in lengths)])


def _starts(material: Material) -> list[Sentence]:
    used = material.previous if material.asked.new_opening else ""
    able = [one for one in material.prose if not one.leans and not (used and used.startswith(one.text[:40]))]
    return sorted(able, key=lambda one: (-one.score, one.place))[:STARTS]


def _grown(material: Material, start: Sentence, heading: str, limit: int) -> list[str]:
    """The start, and as many sentences of its section after it as fit and carry something."""
    parts = [heading] if heading else []
    fitting = _fitting(material, parts, start.text, limit)
    if fitting is None:
        return []
    parts.append(fitting)
    last = start
    near = [one for one in material.prose if start.place < one.place <= start.place + NEAR]
    for sentence in near:
        if sentence.section != start.section or sentence.question:
            continue
        follows = sentence.place == last.place + 1
        if (sentence.leans and not follows) or (not follows and sentence.facts == 0):
            continue
        more = _fitting(material, parts, sentence.text, limit)
        if more is not None:
            parts.append(more)
            last = sentence
    return parts


def _fitting(material: Material, parts: list[str], text: str, limit: int) -> str | None:
    for version in map(finished, (text, *shorter(text))):
        if len(version) <= limit and material.length([*parts, version]) <= limit:
            return version
    return None


def _value(material: Material, parts: list[str], start: Sentence) -> float:
    text = joined(parts)
    count = len(carried(text, material.facts))
    title = set(terms(material.article.title or ""))
    about = len(title & set(terms(text))) / len(title) if title else 0.0
    filled = material.length(parts) / material.policy.max_length
    first = 0.4 if start.section == 0 else 0.0
    value = 0.4 * min(count, MOST_FACTS) + start.score + first + 0.8 * about + 0.4 * filled
    folded = {word.casefold() for word in words(text)}
    value += 1.5 * len(material.asked.wanted & folded)
    return value - (1.5 if count < ENOUGH_FACTS else 0.0)
