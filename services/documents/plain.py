"""Text as such: plain, Markdown, a page, subtitles."""

from pathlib import Path
from typing import Final

import charset_normalizer

from services.confined.limits import Unreadable
from services.documents.document import MAX_CHARACTERS, Document, too_long
from services.documents.kinds import Written, written
from services.documents.markdown import with_chapters

_MAX_BYTES: Final = 4 * MAX_CHARACTERS
"""No charset takes more for a character."""
_MAX_PAGE_BYTES: Final = 5 * 1024 * 1024
"""A page is mostly markup."""
_SAMPLE: Final = 262_144


def read(path: Path) -> Document:
    size = path.stat().st_size
    if size > _MAX_PAGE_BYTES:
        raise too_long()
    body = path.read_bytes()
    text = decode(body)
    kind = written(text)
    if kind is Written.HTML:
        from services.documents import page

        return page.read(body)
    if size > _MAX_BYTES:
        raise too_long()
    if kind is Written.PLAIN:
        return with_chapters(text)
    from services.documents import subtitles

    return subtitles.read(text, kind)


def decode(body: bytes) -> str:
    """Raises Unreadable when it is no text in any charset."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Told from the beginning: to look at all of it takes longer than everything else.
        found = charset_normalizer.from_bytes(body[:_SAMPLE]).best()
    if found is None:
        raise Unreadable("It is text in no encoding that we know. Save it as UTF-8 and upload it again.")
    return body.decode(found.encoding, errors="replace").lstrip("\ufeff")
