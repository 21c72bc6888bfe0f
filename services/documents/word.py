"""DOCX: headings, paragraphs, lists and tables in their order."""

import re
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from services.documents.document import Document
from services.documents.markdown import joined, table, with_chapters
from services.documents.zips import open_zip

_CONTENTS: Final = "ancestor::w:sdt/w:sdtPr/w:docPartObj/w:docPartGallery[@w:val = 'Table of Contents']"
_COPY: Final = "ancestor::*[local-name() = 'Fallback']"
"""A text box is there twice: for itself, and for programs that do not know its kind."""
_BLOCKS: Final = "|".join(
    f".//w:{tag}[not(ancestor::w:tbl or {_COPY} or {_CONTENTS})]" for tag in ("p", "tbl")
)
"""Wherever they stand: in a frame for content and in a text box, too."""
_IN_CELL: Final = f".//w:p[not({_COPY})]"
_GONE: Final = "ancestor::w:pPr or ancestor::w:del or ancestor::w:moveFrom"
_HIDDEN: Final = "ancestor::w:r/w:rPr/w:vanish[not(@w:val = '0' or @w:val = 'false')]"
_RUNS: Final = "|".join(
    f".//w:{tag}[not({_GONE} or {_HIDDEN})]" for tag in ("t", "tab", "br", "cr", "noBreakHyphen")
)
"""In runs of any kind: in links, and in what was inserted or moved there while changes are tracked."""
_RUNS_ON: Final = "./w:pPr/w:rPr/w:del"
"""Its end was deleted: the next paragraph goes on with it."""
_AS: Final = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_HEADING: Final = re.compile(r"heading ([1-6])", re.IGNORECASE)
_LISTED: Final = re.compile(r"(?:toc|table of figures|index)\b", re.IGNORECASE)
"""Lists of what is where, by their styles."""


def read(path: Path) -> Document:
    with open_zip(path):
        word = docx.Document(str(path))
    blocks, begun = list[str](), ""
    for element in word.element.body.xpath(_BLOCKS):
        if element.tag == qn("w:tbl"):
            blocks.append(_table(element))
        elif element.xpath(_RUNS_ON):
            begun += _text(element)
        else:
            blocks.append(_paragraph(element, word, begun))
            begun = ""
    blocks.append(begun)
    known = word.core_properties
    return with_chapters(joined([each for each in blocks if each]), known.title or None, known.language)


def _paragraph(element: Any, word: Word, begun: str) -> str:
    text = f"{begun}{_text(element)}".strip()
    prefix = _prefix(element, word)
    if prefix is None:
        return ""
    return prefix + " ".join(text.split()) if prefix and text else text


def _prefix(element: Any, word: Word) -> str | None:
    """Of Markdown, by the paragraph's style or one that it is based on. None: it is no text."""
    style = Paragraph(element, word).style
    while style is not None:
        name = style.name or ""
        if found := _HEADING.match(name):
            return "#" * int(found[1]) + " "
        if name == "Title":
            return "# "
        if _LISTED.match(name):
            return None
        if name.startswith("List"):
            return "- "
        style = style.base_style
    return "- " if element.xpath("./w:pPr/w:numPr") else ""


def _text(paragraph: Any) -> str:
    """Without that of a text box in it, which has paragraphs of its own."""
    own = (
        node for node in paragraph.xpath(_RUNS) if next(node.iterancestors(paragraph.tag), None) is paragraph
    )
    return "".join(_AS.get(node.tag) or node.text or "" for node in own)


def _table(element: Any) -> str:
    rows = [
        [_cell(cell) for cell in row.xpath("./w:tc | ./w:sdt/w:sdtContent/w:tc")]
        for row in element.xpath("./w:tr | ./w:sdt/w:sdtContent/w:tr")
    ]
    return table(rows)


def _cell(element: Any) -> str:
    """In one line, whatever stands in it."""
    return " ".join(word for paragraph in element.xpath(_IN_CELL) for word in _text(paragraph).split())
