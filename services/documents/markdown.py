"""Text in Markdown: put together from its blocks, and divided at its headings."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from services.documents.document import Composer, Document, clean

_HEADING: Final = re.compile(r"^(#{1,6})[^\S\n]+(\S.*?)[^\S\n]*#*$", re.MULTILINE)
_FENCED: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def joined(blocks: Sequence[str]) -> str:
    """Apart by a blank line; items of a list stay together."""
    parts: list[str] = []
    for before, block in pairwise(["", *blocks]):
        if parts:
            parts.append("\n" if before.startswith("- ") and block.startswith("- ") else "\n\n")
        parts.append(block)
    return "".join(parts)


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row has the columns' heads. What has one row or one column only holds text in its place."""
    told = [cells for cells in rows if any(cells)]
    width = max(map(len, told), default=0)
    if len(told) < 2 or width < 2:
        return "\n\n".join(cell for cells in told for cell in cells if cell)
    lines = [f"| {' | '.join(_in_row(cells, width))} |" for cells in told]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _in_row(cells: Sequence[str], width: int) -> Iterator[str]:
    yield from (cell.replace("|", r"\|") for cell in cells)
    yield from [""] * (width - len(cells))


def with_chapters(text: str, title: str | None = None, language: str | None = None) -> Document:
    """A chapter begins at each heading; without a `title` the first of the highest is that. Raises Unreadable."""
    text, composer, begun, label = clean(text), Composer(), 0, None
    headings = list(_HEADING.finditer(_FENCED.sub(lambda code: "`" * len(code[0]), text)))
    for found in headings:
        composer.add(text[begun : found.start()], "chapter" if label else None, label)
        begun, label = found.start(), found[2]
    composer.add(text[begun:], "chapter" if label else None, label)
    if title is None and headings:
        title = min(headings, key=lambda found: len(found[1]))[2]
    return composer.document(title, language)


def first_heading(text: str) -> str | None:
    found = _HEADING.search(text)
    return found[2] if found else None
