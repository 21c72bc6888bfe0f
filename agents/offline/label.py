"""What goes with an article: title, excerpt, tags and keywords, all of them the source's or the brief's."""

from collections import Counter
from typing import Final

import regex

from agents.metadata import article_metadata
from agents.offline.lexicon import NUMBERS
from agents.offline.material import Material, clipped
from agents.offline.ranking import terms
from core.content import Content

TITLE_CHARACTERS: Final = 90
EXCERPT_CHARACTERS: Final = 300
TAGS: Final = 5
KEYWORDS: Final = 8
TAG_CHARACTERS: Final = 40
_WHO: Final = regex.compile(r"(?i)(?:my name is|i am|i['’]m|we are|this is)\b")
"""Who speaks says nothing of what is said."""


def content_of(material: Material, text: str) -> Content:
    keywords = _keywords(material)
    title = _title(material)
    metadata = article_metadata(
        text,
        title=title,
        excerpt=_excerpt(material, title, text),
        tags=_tags(material, keywords),
        keywords=keywords,
    )
    return Content(content=text, metadata=metadata)


def _title(material: Material) -> str:
    """The source's own; where it has none, its best sentence without the full stop."""
    most = material.policy.title_max or TITLE_CHARACTERS
    title = material.article.title
    if not title:
        able = [
            one
            for one in material.prose
            if len(one.text) <= TITLE_CHARACTERS and not one.leans and not _WHO.match(one.text)
        ]
        # What a text is about is said in its first half, and a title is read at a glance.
        half = len(material.prose) / 2
        best = max(
            able, key=lambda one: one.score + 0.4 * (one.place < half) - len(one.text) / 200, default=None
        )
        title = best.text if best else material.rough
    if len(title) > most:
        title = clipped(title, min(most, TITLE_CHARACTERS), material.policy)
    return " ".join(title.split()).rstrip(".。") or title.strip()


def _excerpt(material: Material, title: str, text: str) -> str:
    """What neither the title says nor the text opens with: it is read beside them."""
    most = min(material.policy.excerpt_max or EXCERPT_CHARACTERS, EXCERPT_CHARACTERS)
    fitting = [one for one in material.prose if not one.leans and 40 <= len(one.text) <= most]
    able = [
        one for one in fitting if not (text.startswith(one.text) or one.text.startswith(title))
    ] or fitting
    if able:
        # What stands in the opening says what the whole is about.
        return max(able, key=lambda one: (one.score + (one.section == 0), -one.place)).text
    return clipped(material.prose[0].text if material.prose else material.rough, most, material.policy)


def _keywords(material: Material) -> list[str]:
    counts = Counter(term for term in terms(material.article.text) if term not in NUMBERS)
    asked = [keyword.strip() for keyword in material.brief.keywords if keyword.strip()]
    return list(dict.fromkeys([*asked, *(term for term, _ in counts.most_common(KEYWORDS))]))[:KEYWORDS]


def _tags(material: Material, keywords: list[str]) -> list[str]:
    """Keywords that were asked for, then the names that the source says most often, then its words."""
    text = material.article.text
    names = sorted(material.facts.names, key=lambda name: (-text.count(name), name))
    often = [name for name in names if text.count(name) > 1]
    asked = [keyword.strip().lstrip("#,") for keyword in material.brief.keywords]
    most = min(TAG_CHARACTERS, material.policy.tag_max or TAG_CHARACTERS)
    found: dict[str, str] = {}
    for tag in [*asked, *often, *(keyword.capitalize() for keyword in keywords)]:
        if tag.strip(" #,") and len(tag) <= most:
            found.setdefault(tag.casefold().removesuffix("s"), tag)
    return list(found.values())[: min(TAGS, material.policy.tags_max or TAGS)]
