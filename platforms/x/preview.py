"""A post as X shows it, with its counter."""

from collections.abc import Callable

from pydantic import JsonValue

from core.content import Content
from core.policy import Policy
from platforms.x.text import SEPARATOR, links


def previewer(policy: Policy) -> Callable[[Content], dict[str, JsonValue]]:
    def preview(content: Content) -> dict[str, JsonValue]:
        """`remaining` is the longest part's, `parts` holds each one's; `separator` stands between them in `visible`."""
        lengths = policy.lengths(content.content)
        return {
            "kind": "post" if len(lengths) == 1 else "thread",
            "visible": SEPARATOR.join(policy.split(content.content)),
            "length": max(lengths),
            "max_length": policy.max_length,
            "remaining": policy.max_length - max(lengths),
            "parts": [policy.max_length - length for length in lengths],
            "separator": SEPARATOR,
            "links": [*links(content.content)],
            "cost_usd": policy.cost_usd(content),
            "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
        }

    return preview
