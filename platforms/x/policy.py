"""X's rules as data."""

from typing import Final

from core.content import Content
from core.policy import Policy, Quota, Violation
from platforms.x.text import cashtags, links, measure, quoted_posts

COST_USD: Final = "0.015"
COST_WITH_LINK_USD: Final = "0.20"
IMAGE_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
IMAGE_MAX_BYTES: Final = 5 * 1024 * 1024
MAX_CASHTAGS: Final = 1
_FORBIDDEN: Final = frozenset("\ufffe\uffff\ufeff")
"""Characters that X refuses anywhere in a text."""


def cost_usd(content: Content) -> str:
    return COST_WITH_LINK_USD if links(content.content) else COST_USD


def _cashtags(content: Content) -> tuple[Violation, ...]:
    found = cashtags(content.content)
    if len(found) <= MAX_CASHTAGS:
        return ()
    message = f"{len(found)} cashtags ({', '.join(found[:5])}); X takes at most {MAX_CASHTAGS}."
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


POLICY: Final = Policy(
    platform="x",
    label="X",
    unit="weighted characters",
    max_length=280,
    measure=measure,
    guidance=(
        "One complete thought that needs no thread and no link to be understood.",
        "The strongest fact first; no greeting, no announcement of what follows.",
        "A link counts 23 characters and makes the post cost more: leave it out unless it is the point.",
        "At most one hashtag and one cashtag; plain text, no Markdown.",
    ),
    media_max=4,
    alt_text_max=1000,
    quotas=(Quota("posts", 100, 15 * 60),),
    cost_usd=cost_usd,
    checks=(_cashtags, _quotes, _characters),
)
