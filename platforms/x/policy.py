"""X's rules as data."""

from decimal import Decimal
from typing import Final

from core.content import Content
from core.policy import Policy, Quota, Violation
from platforms.x.text import cashtags, links, measure, parts, quoted_posts

COST_USD: Final = "0.015"
COST_WITH_LINK_USD: Final = "0.20"
IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
IMAGE_MAX_BYTES: Final = 5 * 1024 * 1024
MAX_CASHTAGS: Final = 1
MAX_PARTS: Final = 25
"""Ours: X names no limit, and longer threads are read by nobody."""
_GUIDANCE: Final = (
    "One complete thought that needs no thread and no link to be understood.",
    "The strongest fact first; no greeting, no announcement of what follows.",
    "A link counts 23 characters and makes the post cost more: leave it out unless it is the point.",
    "At most one hashtag and one cashtag; plain text, no Markdown.",
)
_ABOUT_THREADS: Final = (
    "Only where the brief asks for a thread: several posts, each of at most 280 and a whole thought, with a line of "
    "nothing but --- between them and no numbering."
)
_FORBIDDEN: Final = frozenset("\ufffe\uffff\ufeff")
"""Characters that X refuses anywhere in a text."""


def cost_usd(texts: tuple[str, ...]) -> str:
    """Of all the posts."""
    return str(sum(Decimal(COST_WITH_LINK_USD if links(text) else COST_USD) for text in texts))


def _cashtags(text: str) -> tuple[Violation, ...]:
    found = cashtags(text)
    if len(found) <= MAX_CASHTAGS:
        return ()
    message = f"{len(found)} cashtags ({', '.join(found[:5])}); X takes at most {MAX_CASHTAGS} in a post."
    return (Violation("too_many_cashtags", "/content", message, "Keep one cashtag."),)


def _quotes(content: Content) -> tuple[Violation, ...]:
    if not quoted_posts(content.content):
        return ()
    message = "A link to a post makes a quote post, which X does not take through its API."
    return (Violation("quote_post", "/content", message, "Remove the link to the post."),)


def _characters(content: Content) -> tuple[Violation, ...]:
    if _FORBIDDEN.isdisjoint(content.content):
        return ()
    message = "The text holds an invisible character that X refuses."
    return (Violation("forbidden_character", "/content", message, "Type the text anew around it."),)


def policy(*, threads: bool) -> Policy:
    """`threads`: a text may be several posts, each a reply to the one before it."""
    split = parts if threads else lambda text: (text,)

    def check_cashtags(content: Content) -> tuple[Violation, ...]:
        return tuple(found for text in split(content.content) for found in _cashtags(text))

    return Policy(
        platform="x",
        label="X",
        unit="weighted characters",
        max_length=280,
        measure=measure,
        split=split,
        max_parts=MAX_PARTS if threads else 1,
        guidance=(*_GUIDANCE, _ABOUT_THREADS) if threads else _GUIDANCE,
        media_max=4,
        image_types=IMAGE_TYPES,
        image_max_bytes=IMAGE_MAX_BYTES,
        alt_text_max=1000,
        quotas=(Quota("posts", 100, 15 * 60),),
        cost_usd=lambda content: cost_usd(split(content.content)),
        checks=(check_cashtags, _quotes, _characters),
    )
