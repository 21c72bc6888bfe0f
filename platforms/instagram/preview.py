"""A post as Instagram's app shows it."""

from pydantic import JsonValue

from core.content import Content
from platforms.instagram.policy import FOLD_CHARACTERS, POLICY

FOLD_LINES = 2


def preview(content: Content) -> dict[str, JsonValue]:
    """`visible` is what a reader sees before "… more", `folded` the rest; both plain text."""
    text = content.content
    visible = "\n".join(text.split("\n")[:FOLD_LINES])[:FOLD_CHARACTERS]
    return {
        "kind": "post",
        "visible": visible,
        "folded": text[len(visible) :],
        "length": POLICY.measure(text),
        "max_length": POLICY.max_length,
        "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
    }
