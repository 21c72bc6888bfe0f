"""Reading what a `url` source points at, before there is any row."""

import asyncio
from http import HTTPStatus
from typing import Final

import httpx
import orjson

from agents.base import Source
from core.errors import FieldError, ProofroomError
from core.http import AddressRefused, ContentTypeRefused, Fetched, ResponseTooLarge, fetch
from core.text import storable
from services.confined import process
from services.confined.limits import Limits, Unreadable
from services.confined.process import ReaderFailed
from services.documents import MAX_CHARACTERS, page

LIMIT_SECONDS: Final = 10
"""For all of it: names, redirects, the body and the extraction."""
MAX_BYTES: Final = 5 * 1024 * 1024
_HTML: Final = ("text/html", "application/xhtml+xml")
_PLAIN: Final = ("text/plain", "text/markdown", "text/x-markdown")
_SMALL_BYTES: Final = 64 * 1024
"""Of a page whose text is got in a second, whatever is in it: nothing but empty tables takes longest, by their square."""
_LIMITS: Final = Limits(cpu_seconds=LIMIT_SECONDS, clock_seconds=LIMIT_SECONDS)
_POINTER: Final = "/source/url"


class SourceUnreachable(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The source cannot be reached"
    retryable = True

    def __init__(self, detail: str) -> None:
        remedy = "Check the address, or paste the text itself as a text source."
        super().__init__(detail, remedy=remedy, errors=[FieldError(_POINTER, detail)])


class SourceUnreadable(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The source cannot be read"

    def __init__(self, detail: str) -> None:
        remedy = "Paste the text itself as a text source."
        super().__init__(detail, remedy=remedy, errors=[FieldError(_POINTER, detail)])


async def fetch_url(http: httpx.AsyncClient, url: str, limit_seconds: float = LIMIT_SECONDS) -> Source:
    """The article behind `url`; `http` must be a guarded client.

    Raises SourceUnreachable, SourceUnreadable, AddressRefused and ResponseTooLarge (all 422, at /source/url).
    """
    try:
        async with asyncio.timeout(limit_seconds):
            fetched = await fetch(
                http,
                url,
                max_bytes=MAX_BYTES,
                media_types=(*_HTML, *_PLAIN),
                accept="text/html, text/markdown, text/plain;q=0.9",
            )
            title, text = await _read(fetched)
    except TimeoutError as error:
        raise SourceUnreachable(f"{url} took longer than {limit_seconds:g} seconds.") from error
    except httpx.HTTPStatusError as error:
        raise SourceUnreachable(f"{url} answered with HTTP {error.response.status_code}.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnreachable(f"{url} cannot be fetched: {str(error) or type(error).__name__}.") from error
    except ContentTypeRefused as error:
        raise SourceUnreadable(f"{error.detail} Only HTML, Markdown and plain text can be read.") from error
    except (AddressRefused, ResponseTooLarge) as error:
        found = [FieldError(_POINTER, error.detail)]
        raise type(error)(error.detail, remedy=error.remedy, errors=found) from error
    if not text:
        raise SourceUnreadable(f"No article was found at {url}.")
    if len(text) > MAX_CHARACTERS:
        raise SourceUnreadable(f"{url} holds more than {MAX_CHARACTERS:,} characters.")
    return Source(type="url", text=text, title=title, url=url)


async def _read(fetched: Fetched) -> tuple[str | None, str]:
    """Title and text, which can be kept."""
    if fetched.media_type in _PLAIN:
        return None, storable(_decode(fetched).replace("\0", "")).strip()
    if len(fetched.body) <= _SMALL_BYTES:
        return await asyncio.to_thread(page.article, fetched.body, fetched.url)
    # A thread cannot be ended, and five megabytes of links and tables take minutes.
    given = orjson.dumps({"url": fetched.url}) + b"\n" + fetched.body
    try:
        title, text = await process.find("page", given=given, limits=_LIMITS)
    except (Unreadable, ReaderFailed) as error:
        raise SourceUnreadable(f"{fetched.url} takes more to be read than a page may.") from error
    return title, text


def _decode(fetched: Fetched) -> str:
    try:
        return fetched.body.decode(fetched.charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or that is none of texts
        return fetched.body.decode("utf-8", errors="replace")
