"""Posts of plain text that an app folds: only the beginning shows until a reader asks for the rest."""

from pydantic import JsonValue

from core.content import Content
from core.policy import Policy


def utf16_units(text: str) -> int:
    """What composers count. Where a platform does not document its own count, this is the safe side."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def folded(content: Content, policy: Policy, *, lines: int, characters: int) -> dict[str, JsonValue]:
    """`visible` is what a reader sees before "… more", `folded` the rest; both plain text."""
    text = content.content
    visible = "\n".join(text.split("\n")[:lines])[:characters]
    return {
        "kind": "post",
        "visible": visible,
        "folded": text[len(visible) :],
        "length": policy.measure(text),
        "max_length": policy.max_length,
        "images": [{"url": media.url, "alt_text": media.alt_text} for media in content.media],
    }
