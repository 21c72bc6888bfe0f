"""PDF: its text layer, page by page."""

import re
from pathlib import Path
from typing import Final

from pypdf import PdfReader
from pypdf.errors import DependencyError

from services.documents.document import Composer, Document, Report, Unreadable

_PROTECTED: Final = "It is protected by a password. Save it without one and upload it again."
_SCANNED: Final = (
    "There is no text in it: its pages are pictures, as a scanner makes them. Run text recognition (OCR) over it and "
    "upload the result."
)
_ENDS: Final = re.compile(r"[.!?:;…。！？][\"'”’»)\]]*$")
_BEGINS: Final = re.compile(r"\s*([-•‣▪◦*–—]|\(?\d{1,3}[.)]|[A-Za-z][.)])\s")
_BROKEN_WORD: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_SHORT: Final = 0.75
"""A line this much shorter than the page's longest ends a paragraph, when it ends a sentence."""


def read(path: Path, report: Report) -> Document:
    """Raises Unreadable, and whatever pypdf raises over a damaged file."""
    with PdfReader(path) as reader:
        _unlock(reader)
        composer, count = Composer(), len(reader.pages)
        if not count:
            raise Unreadable("It is damaged: it has no page. Check that it opens, and upload it again.")
        for number, page in enumerate(reader.pages, 1):
            composer.add(paragraphs(page.extract_text()), "page", str(number))
            report(number / count)
        title = reader.metadata.title if reader.metadata else None
        catalog_language = reader.root_object.get("/Lang")
    if composer.empty:
        raise Unreadable(_SCANNED)
    return composer.document(title, str(catalog_language) if catalog_language else None)


def _unlock(reader: PdfReader) -> None:
    """Many can be read by anybody and only not be changed: their password is empty."""
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(_PROTECTED)
    except (DependencyError, NotImplementedError) as error:
        raise Unreadable(_PROTECTED) from error


def paragraphs(lines: str) -> str:
    """A page's lines put together again, and words that a line's end has broken."""
    rows = [line.strip() for line in lines.splitlines()]
    longest = max(map(len, rows), default=0)
    text = ""
    for number, row in enumerate(rows):
        if not row:
            continue
        before = rows[number - 1] if number else ""
        if not text:
            text = row
        elif not before or _BEGINS.match(row) or (_ENDS.search(before) and len(before) < _SHORT * longest):
            text += f"\n\n{row}"
        elif _BROKEN_WORD.search(before) and row[0].islower():
            text = _BROKEN_WORD.sub("", text) + row
        else:
            text += f" {row}"
    return text
