"""The article in a page of HTML, whether it was fetched or uploaded."""

import trafilatura

from services.documents import markup
from services.documents.document import Document
from services.documents.markdown import with_chapters


def read(body: bytes) -> Document:
    title, text = article(body)
    return with_chapters(text, title, markup.language(body))


def article(body: bytes, url: str | None = None) -> tuple[str | None, str]:
    """Title and text without menus and advertisements; no text where there is none."""
    document = trafilatura.bare_extraction(
        body, url=url, include_comments=False, include_formatting=True, with_metadata=True
    )
    if document is None or isinstance(document, dict):
        return None, ""
    return document.title, (document.text or "").replace("\0", "").strip()
