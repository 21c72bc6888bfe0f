"""An article as the blog shows it."""

from pydantic import JsonValue

from core.content import Content
from platforms.article import render

WORDS_PER_MINUTE = 265
"""What Ghost's own reading time is computed with."""


def preview(content: Content) -> dict[str, JsonValue]:
    words = len(content.content.split())
    excerpt = content.metadata.get("excerpt")
    return {
        "kind": "article",
        "title": content.title,
        "excerpt": excerpt if isinstance(excerpt, str) else "",
        "html": render(content),
        "tags": [*content.tags],
        "reading_time": max(1, round(words / WORDS_PER_MINUTE)),
        "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
    }
