"""A post of some paragraphs: a hook, what carries it in the article's order, and an ending."""

from collections.abc import Iterator
from typing import Final

import regex

from agents.offline.material import FEW, Material, clipped, finished, headline, pick
from agents.offline.ranking import Sentence
from agents.offline.sentences import joined
from agents.shapes import HOOK_CHARACTERS, PARAGRAPH_CHARACTERS, hook_characters
from core.content import Content

USUAL_WORDS: Final = 170
"""Long enough for a handful of facts, and read in under a minute."""
PER_PARAGRAPH: Final = 2
HASHTAGS: Final = 3
HASHTAG_CHARACTERS: Final = 60
_NOT_IN_TAGS: Final = regex.compile(r"[^\p{L}\p{N}]+")


def posts(material: Material) -> Iterator[Content]:
    """The best first; each opens with another sentence."""
    return (Content(content=text) for text in texts(material))


def texts(material: Material) -> Iterator[str]:
    for opening in openings(material):
        yield _composed(material, opening)
    hook = hook_characters(material.policy.platform)
    for text in (*(one.text for one in material.prose[:5]), material.article.title, material.rough):
        if text:
            yield clipped(text, hook, material.policy)


def openings(material: Material) -> list[Sentence]:
    used = material.previous.strip().split("\n")[0] if material.asked.new_opening else None
    hook = hook_characters(material.policy.platform)
    able = [
        one
        for one in material.prose
        if not one.leans and len(one.text) <= hook and one.text != used and one.kind == "paragraph"
    ]
    if len(material.prose) < FEW:
        return able or list(material.prose[:1])  # what is this short keeps its order
    return sorted(able, key=lambda one: (-_pull(one), one.place)) or list(material.prose[:1])


def _pull(sentence: Sentence) -> float:
    """A first line that is short, concrete and early is read on."""
    length = len(sentence.text)
    near = 0.6 if sentence.section == 0 else 0.0
    short = 0.3 if 40 <= length <= 140 else 0.0
    return sentence.score + near + short + 0.2 * min(sentence.facts, 2)


def _composed(material: Material, opening: Sentence) -> str:
    room = material.words(USUAL_WORDS) - len(opening.text.split())
    ending = closing(material, opening)
    taken = [opening, *([ending] if ending else [])]
    if ending:
        room -= len(ending.text.split())
    pool = [one for one in material.prose if one not in taken and len(one.text) <= PARAGRAPH_CHARACTERS]
    body = pick(material, pool, room, taken)
    limit = material.policy.max_length * 9 // 10
    while True:
        text = _laid_out(material, opening, body, ending)
        if material.policy.measure(text) <= limit or not body:
            return text
        body.remove(min(body, key=lambda one: one.score))


def closing(material: Material, opening: Sentence) -> Sentence | None:
    """From the end of the article, where it says what follows from it."""
    able = [
        one
        for one in reversed(material.prose)
        if one is not opening
        and not one.leans
        and not one.question
        and 20 <= len(one.text) <= HOOK_CHARACTERS
    ]
    last = able[0].section if able else 0
    able = [one for one in able if one.section == last and one.place > opening.place]
    if material.asked.new_ending:
        able = [one for one in able if one.text not in material.previous]
    return able[0] if able else None


def _laid_out(material: Material, opening: Sentence, body: list[Sentence], ending: Sentence | None) -> str:
    middle = [joined([finished(one.text) for one in group]) for group in _groups(body)]
    if material.asked.bullets and len(body) > 1:
        middle = ["\n".join(f"• {finished(one.text)}" for one in body)]
    titled = material.policy.title_max is not None  # then the title stands above, and tags do not belong
    parts = [
        "" if titled else headline(material),
        clipped(opening.text, hook_characters(material.policy.platform), material.policy),
        *middle,
        finished(ending.text) if ending else "",
        "" if titled else _hashtags(material),
    ]
    return "\n\n".join(part for part in parts if part)


def _groups(body: list[Sentence]) -> Iterator[list[Sentence]]:
    """Neighbours share a paragraph while it stays short."""
    group: list[Sentence] = []
    for sentence in body:
        near = group and sentence.place == group[-1].place + 1 and sentence.block == group[-1].block
        length = sum(len(one.text) + 1 for one in group) + len(sentence.text)
        if group and not (near and len(group) < PER_PARAGRAPH and length <= PARAGRAPH_CHARACTERS):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _hashtags(material: Material) -> str:
    """Only keywords that somebody asked for: tags that nobody chose are noise."""
    if not material.asked.hashtags:
        return ""
    names = (
        _NOT_IN_TAGS.sub("", keyword.title())[:HASHTAG_CHARACTERS] for keyword in material.brief.keywords
    )
    return " ".join(f"#{name}" for name in list(dict.fromkeys(filter(None, names)))[:HASHTAGS])
