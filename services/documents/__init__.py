"""Text from files: pure, without a database. What is read is somebody else's, so that `apart` does it in a process of
its own."""

from services.confined.limits import Unreadable
from services.documents.document import MAX_CHARACTERS, Document, Place, PlaceKind
from services.documents.reading import read

__all__ = ["MAX_CHARACTERS", "Document", "Place", "PlaceKind", "Unreadable", "read"]
