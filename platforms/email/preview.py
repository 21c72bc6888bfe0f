"""A newsletter as an inbox lists it, and as it reads when it is opened."""

from pydantic import JsonValue

from core.content import Content
from platforms.article import render


def preview(content: Content) -> dict[str, JsonValue]:
    return {
        "kind": "newsletter",
        "title": content.title,
        "excerpt": preheader(content),
        "html": render(content),
        "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
    }


def preheader(content: Content) -> str:
    excerpt = content.metadata.get("excerpt")
    return excerpt if isinstance(excerpt, str) else ""
