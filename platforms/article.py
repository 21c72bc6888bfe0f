"""Markdown as sanitised HTML: an article's, with the images in it, and any text's that is only read."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.content import Content
from core.policy import Violation

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

_PASSAGE: Final = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable(["table", "strikethrough"])
    .disable(["image", "code"])
)
"""Without pictures: whoever wrote the text could count its readers by them. What is indented is no code in a plain text."""
_BELOW: Final = 2
"""Levels: it stands below the headings of a page."""
_SCHEMES: Final = {"http", "https", "mailto"}
MOST_MARKS: Final = 20_000
"""Lines and marks of a text, which are what rendering takes its time for: half a second for so many of the worst."""
_MARKS: Final = "\n[*_|`~<"


def readable(content: Content) -> tuple[Violation, ...]:
    """A policy's check. What breaks it is shown as it is typed, and not published."""
    if not (marks := _overmarked(content.content)):
        return ()
    message = f"The text has {marks:,} lines and marks of Markdown; at most {MOST_MARKS:,} are rendered."
    return (Violation("too_many_marks", "/content", message, "Shorten the text."),)


def render(content: Content, hosted: Mapping[str, str] | None = None) -> str:
    """Sanitised HTML; an image's address is replaced by where it is `hosted`. A leading title is not repeated."""
    if _overmarked(content.content):
        return _as_typed(content.content)
    tokens = _MARKDOWN.parse(content.content)
    if _opens_with(tokens, content.title):
        tokens = tokens[3:]
    for image in _images(tokens):
        source = str(image.attrs.get("src", ""))
        image.attrs["src"] = (hosted or {}).get(source, source)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return nh3.clean(html, url_schemes=_SCHEMES).strip()


def passage(text: str) -> str:
    """Sanitised HTML of a text to be read, or of a part of it: Markdown or plain, whose lines stay lines."""
    if _overmarked(text):
        return _as_typed(text)
    tokens = _PASSAGE.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _BELOW)}"
    html: str = _PASSAGE.renderer.render(tokens, _PASSAGE.options, {})
    return nh3.clean(html, url_schemes=_SCHEMES).strip()


def images(markdown: str) -> dict[str, str]:
    """Each image's address, as it is written in the rendered `src`, and its alternative text, in order. Of an image that
    stands there several times the alternative text is empty if one of them has none.
    """
    found: dict[str, str] = {}
    if "![" not in markdown or _overmarked(markdown):  # most have none, and parsing takes time
        return found
    for image in _images(_MARKDOWN.parse(markdown)):
        address, alt = str(image.attrs.get("src", "")), image.content.strip()
        found[address] = alt and found.get(address, alt)
    return found


def _overmarked(text: str) -> int:
    """How many there are, where it is too many."""
    marks = sum(map(text.count, _MARKS))
    return marks if marks > MOST_MARKS else 0


def _as_typed(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _opens_with(tokens: list[Token], title: str) -> bool:
    return (
        len(tokens) > 2
        and tokens[0].type == "heading_open"
        and tokens[0].tag == "h1"
        and tokens[1].content.strip() == title.strip()
    )


def _images(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "image":
            yield token
        yield from _images(token.children or [])
