"""What was laid out in lines as text again: paragraphs, headings, words and sentences in one piece; what only belongs to
the paper, page numbers and running heads, is left out."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

_ENDS: Final = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*$")
_BEGINS: Final = re.compile(r"\s*([-•‣▪◦*–—]|\(?\d{1,3}[.)]|[A-Za-z][.)])\s")
_BROKEN_WORD: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_SHORT: Final = 0.75
"""A line this much shorter than the page's longest ends a paragraph, when it ends a sentence."""
_LARGER: Final = 1.15
"""Than the text's letters are those of headings."""
_SMALLER: Final = 0.9
"""Than the text's letters are those of notes, captions and running heads."""
_NOTE: Final = re.compile(r"^[*†‡§¶]+\s*")
"""The mark before a note below the text, which Markdown takes for a list's."""
_FIGURE: Final = re.compile(r"[(]?[-+−±~<>]?[€$£]?\d[\d.,:/]*(?:[%€$£)]|[^\W\d_]{1,2})?")
_IN_ROW: Final = 0.4
"""The share of figures among the words of a table's row, of which it has two at least."""
_HEADING_CHARACTERS: Final = 120
_HEADING_LINES: Final = 3
"""What is longer is text that is set large."""
_PROSE: Final = 80
"""Characters: what is longer and has no end has one on the next page."""
_NUMBER: Final = re.compile(r"(?i)\W*(page|seite|p\.)?\s*\d{1,4}(\s*(/|of|von|\|)\s*\d{1,4})?\W*")
_DIGITS: Final = re.compile(r"\d+")
_EDGE: Final = 2
"""Lines at the top and at the bottom of a page, among which running heads and page numbers are."""
_REPEATED: Final = 3
"""Pages that have it, at least, and a third of all: left and right pages may differ."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    size: float
    """Of its letters, in points."""
    bold: bool


@dataclass(frozen=True, slots=True)
class Page:
    text: str
    """Markdown."""
    separator: str
    """From the page before: a blank line, or what stands within the sentence that goes on."""
    heading: str | None
    """The first, when nothing stands before it."""


def arranged(pages: Sequence[Sequence[Line]]) -> list[Page]:
    """As many as there were."""
    repeated, body = _repeated(pages), _body(pages)
    texts = [list(_blocks(_own(lines, repeated, body), body)) for lines in pages]
    found, before = [], ""
    for number, blocks in enumerate(texts):
        following = next((later for later in texts[number + 1 :] if later), None)
        separator = "\n\n"
        if blocks and _goes_on(before, blocks[0]):
            separator = "" if _BROKEN_WORD.search(before) else " "
        before = blocks[-1] if blocks else before
        if blocks and following and _goes_on(before, following[0]):
            blocks[-1] = _BROKEN_WORD.sub("", blocks[-1])
        heading = blocks[0].removeprefix("## ") if blocks and blocks[0].startswith("## ") else None
        found.append(Page("\n\n".join(blocks), separator, heading))
    return found


def _goes_on(before: str, block: str) -> bool:
    """A sentence across the end of a page."""
    if not before or _ENDS.search(before) or before.startswith("## ") or _BEGINS.match(block):
        return False
    return block[0].islower() or (len(before) >= _PROSE and block[0].isalnum())


def _repeated(pages: Sequence[Sequence[Line]]) -> set[str]:
    """What stands at the edges of page after page, but for its numbers."""
    counts = Counter(key for lines in pages for key in {_key(line) for line in _edges(lines)})
    least = max(_REPEATED, len(pages) / 3)
    return {key for key, count in counts.items() if count >= least}


def _edges(lines: Sequence[Line]) -> list[Line]:
    shown = [line for line in lines if line.text]
    return [
        line
        for line in (*shown[:_EDGE], *shown[-_EDGE:])
        if not _ENDS.search(line.text) and len(line.text) <= _HEADING_CHARACTERS
    ]


def _key(line: Line) -> str:
    """With its size, since a chapter's heading may say what the running head says."""
    return f"{line.size} {_DIGITS.sub('#', line.text).casefold()}"


def _own(lines: Sequence[Line], repeated: set[str], body: Line) -> list[Line]:
    """Without what belongs to the paper, as long as anything is left."""
    shown = [number for number, line in enumerate(lines) if line.text]
    ends = {*shown[:1], *shown[-1:]}
    edges = {*shown[:_EDGE], *shown[-_EDGE:]}
    left = [
        line
        for number, line in enumerate(lines)
        if not (number in ends and _NUMBER.fullmatch(line.text))
        and not (number in edges and (_key(line) in repeated or _runs_along(line, body)))
    ]
    return left if any(line.text for line in left) else list(lines)


def _runs_along(line: Line, body: Line) -> bool:
    """A head or a foot of a page, where there are too few pages to see it again: small, and no sentence."""
    return _small(line, body) and not _ENDS.search(line.text)


def _body(pages: Sequence[Sequence[Line]]) -> Line:
    """How most of the text is set."""
    counts = Counter[tuple[float, bool]]()
    for lines in pages:
        for line in lines:
            counts[line.size, line.bold] += len(line.text)
    size, bold = max(counts, key=lambda style: counts[style], default=(0.0, False))
    return Line("", size, bold)


def _blocks(lines: Sequence[Line], body: Line) -> Iterator[str]:
    groups = list(_groups(lines, body))
    if len(groups) > 1 and _small(groups[-1][0], body) and not _ENDS.search(groups[-2][-1].text):
        # Notes below a page stand in the way of the sentence that goes on on the next.
        *groups, text, notes = groups
        groups += [notes, text]
    for block, following in zip(groups, [*groups[1:], []], strict=True):
        heads = _heads(block[0], body) and len(block) <= _HEADING_LINES
        if heads and not (following and _in_table(following[0].text)):
            for _, alike in groupby(block, key=lambda line: line.size):
                yield f"## {' '.join(line.text for line in alike)}"
        else:
            found = paragraphs([line.text for line in block])
            yield from (_NOTE.sub("", each) if _small(block[0], body) else each for each in found)


def _groups(lines: Sequence[Line], body: Line) -> Iterator[list[Line]]:
    """Headings, notes and text apart; what is small within a sentence, an address for instance, is text."""
    group: list[Line] = []
    for line in lines:
        if group and _kind(line, body) != _kind(group[-1], body) and not _follows(group[-1], line, body):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _kind(line: Line, body: Line) -> tuple[bool, bool]:
    return _heads(line, body), _small(line, body)


def _follows(before: Line, line: Line, body: Line) -> bool:
    unfinished = before.text and not _ENDS.search(before.text) and not _heads(before, body)
    return bool(unfinished) and line.text[:1].islower() and not _heads(line, body)


def _small(line: Line, body: Line) -> bool:
    return bool(line.text) and line.size < _SMALLER * body.size


def _in_table(row: str) -> bool:
    words = row.split()
    figures = sum(1 for word in words if _FIGURE.fullmatch(word))
    return figures > 1 and figures >= _IN_ROW * len(words) and not _ENDS.search(row)


def _heads(line: Line, body: Line) -> bool:
    if not any(map(str.isalpha, line.text)) or len(line.text) > _HEADING_CHARACTERS:
        return False
    emphatic = line.bold and not body.bold and not _ENDS.search(line.text) and not _BEGINS.match(line.text)
    return line.size >= _LARGER * body.size or (emphatic and line.size >= body.size)


def paragraphs(rows: Sequence[str]) -> list[str]:
    """Lines put together again, and words that a line's end has broken."""
    longest = max(map(len, rows), default=0)
    found: list[str] = []
    for before, row in pairwise(["", *rows]):
        if not row:
            continue
        apart = not before or _in_table(before) or _in_table(row)
        if not found or apart or _BEGINS.match(row) or _closes(before, longest):
            found.append(row)
        elif _BROKEN_WORD.search(before) and row[0].islower():
            found[-1] = _BROKEN_WORD.sub("", found[-1]) + row
        else:
            found[-1] += f" {row}"
    return found


def _closes(row: str, longest: int) -> bool:
    return bool(_ENDS.search(row)) and len(row) < _SHORT * longest
