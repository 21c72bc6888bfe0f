"""A post as X shows it, with its counter."""

from pydantic import JsonValue

from core.content import Content
from platforms.x.policy import POLICY
from platforms.x.text import links, measure


def preview(content: Content) -> dict[str, JsonValue]:
    length = measure(content.content)
    return {
        "kind": "post",
        "visible": content.content,
        "length": length,
        "max_length": POLICY.max_length,
        "remaining": POLICY.max_length - length,
        "links": [*links(content.content)],
        "cost_usd": POLICY.cost_usd(content),
        "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
    }
