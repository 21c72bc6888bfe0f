"""Counting and comparing texts as X does.

Its library is loaded by what counts: most processes never do, and it takes an eighth of a second to load."""

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pydantic import BaseModel

COUNTED_LENGTH: Final = 50_000
"""Longer texts cannot fit, whatever links they hold, and are not parsed: counting takes some 4 µs a character."""

SEPARATOR: Final = "\n---\n"
"""Between a thread's parts, as they are shown."""

_LINK_LENGTH: Final = 23
"""What a t.co address counts."""

_ONE_EACH = re.compile("[\\0-\xa8\xaa-\xad\xaf-\u024f\u2010-\u201f]*")
"""Latin letters, digits, signs and quotation marks: each counts 1 by X's ranges, and none begins an emoji."""

_BREAK = re.compile(r"^[ \t]*---[ \t\r]*$", re.MULTILINE)
_CASHTAG = re.compile(r"(?<![\w$])\$[A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?(?!\w)")
_STATUS = re.compile(r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/\w+/status/\d+", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://", re.IGNORECASE)


class Link(BaseModel):
    """How X says that a t.co address in a post's text stands for another, or for an attached image."""

    url: str
    expanded_url: str = ""
    media_key: str | None = None


@lru_cache(maxsize=128)  # a text is counted for its critic, its preview and its decision
def measure(text: str) -> int:
    """X's weighted length: a link counts 23, an emoji or a wide character 2."""
    if len(text) > COUNTED_LENGTH:
        return len(text)
    normal = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    if _ONE_EACH.fullmatch(normal):
        # The parser would look for emoji at each character: 1.2 ms for a post of the usual length.
        return len(normal) + sum(_LINK_LENGTH - len(link) for link in links(normal))
    from twitter_text import parse_tweet

    return parse_tweet(text).weightedLength


@lru_cache(maxsize=128)
def links(text: str) -> tuple[str, ...]:
    from twitter_text import extract_urls

    return tuple(extract_urls(text)) if len(text) <= COUNTED_LENGTH else ()


def cashtags(text: str) -> list[str]:
    return _CASHTAG.findall(text)


def quoted_posts(text: str) -> list[str]:
    """Links that X would show as a quoted post."""
    return _STATUS.findall(text)


def parts(text: str) -> tuple[str, ...]:
    """Of a thread: what stands between lines of nothing but `---`, of which none is ever posted."""
    found = _BREAK.split(text)
    return tuple(part.strip() for part in found) if len(found) > 1 else (text,)


def canonical(text: str) -> str:
    """`text` without what X may change: composition, space, a link's scheme and final slash."""
    from twitter_text import extract_urls_with_indices

    normal = unicodedata.normalize("NFC", text)
    parts: list[str] = []
    end = 0
    for link in extract_urls_with_indices(normal):
        start, stop = link["indices"]
        parts += [normal[end:start], _SCHEME.sub("", normal[start:stop]).rstrip("/").lower()]
        end = stop
    parts.append(normal[end:])
    return " ".join("".join(parts).split())


def as_written(text: str, shortened: Sequence[Link]) -> str:
    """A post's text as X gives it back, with its t.co addresses expanded and those of its images left out."""
    for link in shortened:
        text = text.replace(link.url, "" if link.media_key else link.expanded_url or link.url)
    return html.unescape(text)
