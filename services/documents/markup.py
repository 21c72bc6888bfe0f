"""HTML and XHTML as Markdown, whole: for chapters of books. In pages there is more than their article."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from lxml import etree, html  # type: ignore[import-untyped] # it has no types

from services.confined.limits import Unreadable
from services.documents.markdown import joined, table

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
# fmt: off
_BLOCKS: Final = _HEADINGS.keys() | {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figure", "footer", "form", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "summary", "table", "tr", "ul",
}
_SKIPPED: Final = {
    "figcaption", "head", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template", "textarea",
}
# fmt: on
_CELLS: Final = ("td", "th")
_PARSER: Final = html.HTMLParser(encoding="utf-8", no_network=True)
_CELL: Final = "\ue000"
"""Between the cells of a row, until its table is whole."""
_SIGN: Final = 4
"""Characters: an image that stands for so few is one of them, an emoji or an initial. Others are no words of the text."""
_SPACES: Final = re.compile(r"\s+")


@dataclass(slots=True)
class _Writer:
    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    prefix: str = ""
    verbatim: bool = False
    row: Any = None
    """The element, while a row of several cells is open: each of them is one line, whatever stands in it."""

    def write(self, text: str | None) -> None:
        if text:
            self.line.append(text if self.verbatim else _SPACES.sub(" ", text))

    def flush(self) -> None:
        text = "".join(self.line)
        text = (
            text.strip("\n")
            if self.verbatim
            else re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)).strip()
        )
        if text.strip():
            self.blocks.append(self.prefix + text)
            self.prefix = ""
        self.line.clear()


def convert(page: str) -> str:
    """Headings, lists, rows of tables and paragraphs; links and emphasis are left out. Raises Unreadable."""
    try:
        root = html.document_fromstring(page.encode(), parser=_PARSER)
    except etree.LxmlError as error:
        raise Unreadable("It is damaged: its HTML cannot be read.") from error
    writer, skipped = _Writer(), 0
    # Not by recursion: it may be nested as deep as somebody likes.
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            skipped += tag in _SKIPPED
            if not skipped and tag:
                _begin(writer, tag, element)
                writer.write(element.text)
            continue
        if not skipped and tag:
            _end(writer, tag, element)
        skipped -= tag in _SKIPPED
        if not skipped:
            writer.write(element.tail)
    writer.flush()
    return joined(list(_with_tables(writer.blocks)))


def _with_tables(blocks: Sequence[str]) -> Iterator[str]:
    for in_table, group in groupby(blocks, key=lambda block: _CELL in block):
        if not in_table:
            yield from group
            continue
        rows = [[" ".join(cell.split()) for cell in row.split(_CELL)] for row in group]
        yield table(rows) if len(rows) > 1 else " | ".join(filter(None, rows[0]))


def language(body: bytes) -> str | None:
    """As the page's own element says."""
    found = re.search(rb"""<html\b[^>]*?\blang\s*=\s*["']?([A-Za-z0-9-]+)""", body[:4096], re.IGNORECASE)
    return found[1].decode() if found else None


def _begin(writer: _Writer, tag: str, element: Any) -> None:
    if tag == "img" and len(alt := element.get("alt") or "") <= _SIGN:
        writer.write(alt)
    elif writer.row is not None:
        _within_row(writer, tag, element)
    elif tag in _BLOCKS:
        writer.flush()
        writer.verbatim = tag == "pre"
        if tag in _HEADINGS:
            writer.prefix = "#" * _HEADINGS[tag] + " "
        elif tag == "li":
            writer.prefix = "- "
        elif tag == "tr" and sum(1 for _ in element.iterchildren(*_CELLS)) > 1:
            writer.row = element
    elif tag == "br":
        writer.line.append("\n")


def _within_row(writer: _Writer, tag: str, element: Any) -> None:
    if tag in _CELLS and element.getparent() is writer.row:
        if next(element.itersiblings(*_CELLS, preceding=True), None) is not None:
            writer.line.append(_CELL)
    elif tag in _BLOCKS or tag in _CELLS or tag == "br":
        writer.write(" ")


def _end(writer: _Writer, tag: str, element: Any) -> None:
    if writer.row is element:
        writer.row = None
    if tag in _BLOCKS and writer.row is None:
        writer.flush()
        writer.prefix, writer.verbatim = "", False
    elif tag in _BLOCKS:
        writer.write(" ")
