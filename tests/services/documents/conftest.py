"""Reading what was made, and saving what was built to be read."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from services.documents import Document, read

Read: TypeAlias = Callable[[bytes], Document]


@pytest.fixture
def reading(tmp_path: Path) -> Read:
    """Under a name that says nothing, or something wrong."""

    def read_bytes(content: bytes) -> Document:
        path = tmp_path / "picture.jpg"
        path.write_bytes(content)
        return read(path, "image/jpeg")

    return read_bytes


def parts(document: Document) -> list[tuple[str | None, str]]:
    """Each place's label with the text from there to the next."""
    ends = [*(place.at for place in document.places[1:]), len(document.text)]
    return [
        (place.label, document.text[place.at : end].strip())
        for place, end in zip(document.places, ends, strict=True)
    ]


def saved(save: Callable[[Any], object]) -> bytes:
    """What `save` writes into a file."""
    written = BytesIO()
    save(written)
    return written.getvalue()
