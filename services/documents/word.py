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

# Wherever it stands, in a frame for content too; but what a text box shows is there twice.
_BLOCKS: Final = "|".join(
    f".//w:{tag}[not(ancestor::w:tbl or ancestor::w:txbxContent)]" for tag in ("p", "tbl")
)
_RUNS: Final = "|".join(
    f".//w:{tag}[not(ancestor::w:pPr)]" for tag in ("t", "tab", "br", "cr", "noBreakHyphen")
)
"""In runs of any kind: in links, and in what was inserted while changes are tracked."""
_AS: Final = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_HEADING: Final = re.compile(r"heading ([1-6])", re.IGNORECASE)


def read(path: Path) -> Document:
    with open_zip(path):
        word = docx.Document(str(path))
    blocks = [
        _table(element) if element.tag == qn("w:tbl") else _paragraph(element, word)
        for element in word.element.body.xpath(_BLOCKS)
    ]
    known = word.core_properties
    return with_chapters(joined([each for each in blocks if each]), known.title or None, known.language)


def _paragraph(element: Any, word: Word) -> str:
    text = _text(element).strip()
    prefix = _prefix(element, word)
    return prefix + " ".join(text.split()) if prefix and text else text


def _prefix(element: Any, word: Word) -> str:
    """Of Markdown, by the paragraph's style or one that it is based on."""
    style = Paragraph(element, word).style
    while style is not None:
        name = style.name or ""
        if found := _HEADING.match(name):
            return "#" * int(found[1]) + " "
        if name == "Title":
            return "# "
        if name.startswith("List"):
            return "- "
        style = style.base_style
    return "- " if element.xpath("./w:pPr/w:numPr") else ""


def _text(element: Any) -> str:
    return "".join(_AS.get(node.tag) or node.text or "" for node in element.xpath(_RUNS))


def _table(element: Any) -> str:
    rows = [
        [" ".join(_text(cell).split()) for cell in row.xpath("./w:tc | ./w:sdt/w:sdtContent/w:tc")]
        for row in element.xpath("./w:tr | ./w:sdt/w:sdtContent/w:tr")
    ]
    return table(rows)
