"""Reads a document in a process of its own, which cannot harm this one."""

from pathlib import Path

from services.confined import process
from services.confined.limits import USUAL, Limits
from services.documents.document import Document, Place, Report


async def read(path: Path, media_type: str, report: Report, limits: Limits = USUAL) -> Document:
    """Raises Unreadable and process.ReaderFailed."""
    found = await process.find("document", str(path), media_type, report=report, limits=limits)
    return Document(
        found["text"],
        tuple(Place(**place) for place in found["places"]),
        found["title"],
        found["language"],
    )
