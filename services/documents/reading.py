"""Which reader reads what."""

from pathlib import Path
from typing import assert_never

from services.documents.document import Document, Report
from services.documents.kinds import Kind, kind_of


def read(path: Path, media_type: str, report: Report = lambda share: None) -> Document:
    """What it is, its bytes tell; `media_type` is what it was taken for. Raises Unreadable.

    A reader is loaded when it is needed, since each brings a library along.
    """
    kind = kind_of(path, media_type)
    match kind:
        case Kind.PDF:
            from services.documents import pdf

            return pdf.read(path, report)
        case Kind.WORD:
            from services.documents import word

            return word.read(path)
        case Kind.SLIDES:
            from services.documents import slides

            return slides.read(path, report)
        case Kind.BOOK:
            from services.documents import book

            return book.read(path, report)
        case Kind.TEXT:
            from services.documents import plain

            return plain.read(path)
        case _:
            assert_never(kind)
