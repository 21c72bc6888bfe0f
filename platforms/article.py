"""An article's Markdown as sanitised HTML, and the images in it."""

from collections.abc import Iterator, Mapping
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.content import Content

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render(content: Content, hosted: Mapping[str, str] | None = None) -> str:
    """Sanitised HTML; an image's address is replaced by where it is `hosted`. A leading title is not repeated."""
    tokens = _MARKDOWN.parse(content.content)
    if _opens_with(tokens, content.title):
        tokens = tokens[3:]
    for image in _images(tokens):
        source = str(image.attrs.get("src", ""))
        image.attrs["src"] = (hosted or {}).get(source, source)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return nh3.clean(html, url_schemes={"http", "https", "mailto"}).strip()


def image_addresses(markdown: str) -> list[str]:
    """In order, each once, as they are written in the rendered `src`."""
    sources = (str(image.attrs.get("src", "")) for image in _images_in(markdown))
    return list(dict.fromkeys(sources))


def images_without_alt(markdown: str) -> list[str]:
    images = _images_in(markdown)
    return [str(image.attrs.get("src", "")) for image in images if not image.content.strip()]


def _images_in(markdown: str) -> Iterator[Token]:
    """Parsing an article of 30,000 words takes 150 ms, and most have no picture."""
    return _images(_MARKDOWN.parse(markdown)) if "![" in markdown else iter(())


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
