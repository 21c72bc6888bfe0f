"""PDF: its text layer, page by page."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError

from services.confined.limits import Unreadable
from services.documents.document import MAX_CHARACTERS, Composer, Document, Report, too_long
from services.documents.layout import Line, Page, arranged

_PROTECTED: Final = "It is protected by a password. Save it without one and upload it again."
_SCANNED: Final = (
    "There is no text in it: its pages are pictures, as a scanner makes them. Run text recognition (OCR) over it and "
    "upload the result."
)
_NO_TITLE: Final = re.compile(
    r"(?i)(microsoft (word|powerpoint)|untitled|document\d*$)|.*\.(docx?|pptx?|pdf|odt|tex|indd|html?)$"
)
"""What programs write there by themselves."""


def read(path: Path, report: Report) -> Document:
    """Raises Unreadable, and whatever pypdf raises over a damaged file."""
    with PdfReader(path) as reader:
        _unlock(reader)
        if not len(reader.pages):
            raise Unreadable("It is damaged: it has no page. Check that it opens, and upload it again.")
        pages = arranged(list(_pages(reader, report)))
        title = reader.metadata.title if reader.metadata else None
        catalog_language = reader.root_object.get("/Lang")
    composer = Composer()
    for number, page in enumerate(pages, 1):
        composer.add(page.text, "page", str(number), separator=page.separator)
    if composer.empty:
        raise Unreadable(_SCANNED)
    return composer.document(_title(title, pages), str(catalog_language) if catalog_language else None)


def _title(given: str | None, pages: Sequence[Page]) -> str | None:
    title = (given or "").strip()
    return title if title and not _NO_TITLE.match(title) else pages[0].heading


def _unlock(reader: PdfReader) -> None:
    """Many can be read by anybody and only not be changed: their password is empty."""
    try:
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(_PROTECTED)
    except (DependencyError, NotImplementedError) as error:
        raise Unreadable(_PROTECTED) from error


def _pages(reader: PdfReader, report: Report) -> Iterator[list[Line]]:
    """Raises Unreadable as soon as it is too much."""
    length = 0
    for number, page in enumerate(reader.pages, 1):
        lines = list(_lines(page))
        length += sum(len(line.text) for line in lines)
        if length > MAX_CHARACTERS:
            raise too_long()
        yield lines
        report(number / len(reader.pages))


def _lines(page: PageObject) -> Iterator[Line]:
    """With the size and the weight that most of their characters have."""
    runs: list[tuple[str, float, bool]] = []
    page.extract_text(visitor_text=_visitor(runs))
    line: list[tuple[str, float, bool]] = []
    for text, size, bold in [*runs, ("\n", 0.0, False)]:
        first, *rest = text.split("\n")
        line.append((first, size, bold))
        for piece in rest:
            yield _line(line)
            line = [(piece, size, bold)]


def _visitor(runs: list[tuple[str, float, bool]]) -> Callable[..., None]:
    def visit(text: str, user: Sequence[float], matrix: Sequence[float], font: Any, size: float) -> None:
        if text:
            scale = abs(_area(user) * _area(matrix)) ** 0.5
            runs.append((text, round(size * scale, 1), "bold" in str((font or {}).get("/BaseFont")).lower()))

    return visit


def _area(matrix: Sequence[float]) -> float:
    return float(matrix[0]) * float(matrix[3]) - float(matrix[1]) * float(matrix[2])


def _line(runs: Sequence[tuple[str, float, bool]]) -> Line:
    shown = [run for run in runs if run[0].strip()]
    if not shown:
        return Line("", 0.0, bold=False)
    most = max(shown, key=lambda run: len(run[0]))
    return Line("".join(text for text, _, _ in runs).strip(), most[1], bold=all(bold for _, _, bold in shown))
