"""A draft as its platform shows it, with the critic's quotes in it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from core.content import Content
from platforms.registry import PLATFORMS, PlatformName
from web.pages.reviews import quotes

_QUICK: Final = 5000
"""Characters; longer texts are drawn off the event loop."""


@dataclass(frozen=True, slots=True)
class Preview:
    shown: Mapping[str, Any]
    """What the platform's `preview` says."""
    title: Markup
    excerpt: Markup
    text: Markup
    folded: Markup
    html: Markup
    words: int
    quoted: frozenset[str]
    """Whose quote is to be seen."""


async def draw(platform: PlatformName, content: Content, said: Mapping[str, str]) -> Preview:
    """`said`: each criterion's quote, each claim's and each ground's."""
    if len(content.content) <= _QUICK:
        return _draw(platform, content, said)
    return await asyncio.to_thread(_draw, platform, content, said)


def _draw(platform: PlatformName, content: Content, said: Mapping[str, str]) -> Preview:
    show = PLATFORMS[platform].preview
    shown = show(content)
    html, in_text = Markup(""), frozenset[str]()
    text = folded = Markup("")
    if "html" in shown:
        as_read = {
            name: quotes.plain(str(show(Content(content=quote))["html"])) for name, quote in said.items()
        }
        html, in_text = quotes.in_html(str(shown["html"]), as_read)
    else:
        visible, rest = str(shown["visible"]), str(shown.get("folded", ""))
        found = quotes.spans(visible + rest, said)
        text, folded = quotes.marked(visible, found), quotes.marked(rest, found, len(visible))
        in_text = frozenset(found)
    left = {name: quote for name, quote in said.items() if name not in in_text}
    title, excerpt = str(shown.get("title") or ""), str(shown.get("excerpt") or "")
    in_title = quotes.spans(title, left)
    in_excerpt = quotes.spans(excerpt, {name: quote for name, quote in left.items() if name not in in_title})
    return Preview(
        shown=shown,
        title=quotes.marked(title, in_title),
        excerpt=quotes.marked(excerpt, in_excerpt),
        text=text,
        folded=folded,
        html=html,
        words=len(content.content.split()),
        quoted=in_text | in_title.keys() | in_excerpt.keys(),
    )
