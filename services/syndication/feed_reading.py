"""Fetches feeds, behind the guard: conditionally, within limits, and before there is any transaction."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import Final

import httpx
import orjson
from pydantic import TypeAdapter

from core.errors import FieldError, ProofroomError
from core.http import AddressRefused, ResponseTooLarge, body_of, retry_after
from services.confined import process
from services.confined.limits import Limits, Unreadable
from services.confined.process import ReaderFailed
from services.syndication.feed_parsing import URL_LIMIT, Found, Parsed

LIMIT_SECONDS: Final = 20
"""For names, redirects, the body and what is made of it."""
MAX_BYTES: Final = 5 * 1024 * 1024
LEAST_SECONDS: Final = 15 * 60
USUAL_SECONDS: Final = 60 * 60
MOST_SECONDS: Final = 24 * 60 * 60
_ACCEPT: Final = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
_PERMANENT: Final = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}
_MAX_AGE: Final = re.compile(r"\bmax-age=(\d{1,9})")
_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=10, clock_seconds=LIMIT_SECONDS)
_FOUND: Final = TypeAdapter(Found)


class FeedUnreadable(ProofroomError):
    """`retry_after`: the site says when it may be asked again, in seconds."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The feed cannot be read"

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        remedy = "Check the address: of an RSS or Atom feed, or of a page that names one."
        errors = [FieldError("/url", detail)]
        super().__init__(detail, remedy=remedy, errors=errors, retry_after=retry_after)


class FeedGone(FeedUnreadable):
    title = "The feed is gone"


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    """Where to look from now on: after the redirects that are permanent."""
    parsed: Parsed | None
    """None: nothing has changed."""
    etag: str | None
    last_modified: str | None
    interval: int | None
    """Seconds until the next look; None: as before."""


@dataclass(frozen=True, slots=True)
class _Body:
    url: str
    moved_to: str
    status: int
    headers: Mapping[str, str]
    content: bytes


async def read(
    http: httpx.AsyncClient, url: str, etag: str | None = None, last_modified: str | None = None
) -> Answer:
    """`http` must be a guarded client. Raises FeedUnreadable, FeedGone among it."""
    async with _within_limits():
        body = await _get(http, url, etag, last_modified)
        parsed = None
        if body.status != HTTPStatus.NOT_MODIFIED:
            parsed = (await _look(body)).parsed
            if parsed is None:
                raise FeedUnreadable("What is at this address is no RSS or Atom feed.")
        return _answer(body, parsed, etag, last_modified)


async def discover(http: httpx.AsyncClient, url: str) -> Answer:
    """The same, where `url` may be a page that names a feed."""
    async with _within_limits():
        body = await _get(http, url)
        found = await _look(body)
        if found.parsed is None:
            if not found.alternates:
                raise FeedUnreadable("What is at this address is no RSS or Atom feed, and names none.")
            body = await _get(http, found.alternates[0])
            found = await _look(body)
            if found.parsed is None:
                raise FeedUnreadable("The page names a feed that is none.")
        return _answer(body, found.parsed)


@asynccontextmanager
async def _within_limits() -> AsyncIterator[None]:
    """Whatever goes wrong is said in one way."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            yield
    except TimeoutError as error:
        raise FeedUnreadable(f"It took longer than {LIMIT_SECONDS} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FeedUnreadable(f"It cannot be fetched: {str(error) or type(error).__name__}.") from error
    except (AddressRefused, ResponseTooLarge) as error:
        raise FeedUnreadable(error.detail) from error


async def _get(
    http: httpx.AsyncClient, url: str, etag: str | None = None, last_modified: str | None = None
) -> _Body:
    headers = {"Accept": _ACCEPT, "If-None-Match": etag, "If-Modified-Since": last_modified}
    given = {name: value for name, value in headers.items() if value}
    async with http.stream("GET", url, headers=given, follow_redirects=True) as response:
        _check(response, conditional=len(given) > 1)
        moved_to = url
        for before, after in pairwise([*response.history, response]):
            if before.status_code not in _PERMANENT:
                break
            moved_to = str(after.url) if len(str(after.url)) <= URL_LIMIT else moved_to
        content = await body_of(response, MAX_BYTES)
        return _Body(str(response.url), moved_to, response.status_code, response.headers, content)


def _check(response: httpx.Response, *, conditional: bool) -> None:
    status = response.status_code
    if status == HTTPStatus.GONE:
        raise FeedGone("It answered 410 Gone: there is no such feed any more.")
    if response.is_success or (conditional and status == HTTPStatus.NOT_MODIFIED):
        return
    raise FeedUnreadable(f"It answered with HTTP {status}.", retry_after=retry_after(response.headers))


async def _look(body: _Body) -> Found:
    """In a process of its own: whoever writes it may mean harm."""
    about = orjson.dumps({"url": body.url, "content_type": body.headers.get("content-type", "")})
    try:
        found = await process.find("feed", given=about + b"\n" + body.content, limits=_LIMITS)
    except (Unreadable, ReaderFailed) as error:
        raise FeedUnreadable("It is damaged, or takes more to be read than a feed may.") from error
    return _FOUND.validate_python(found)


def _answer(
    body: _Body, parsed: Parsed | None, etag: str | None = None, last_modified: str | None = None
) -> Answer:
    wishes = [parsed.period] if parsed and parsed.period is not None else []
    if age := _MAX_AGE.search(body.headers.get("cache-control", "").lower()):
        wishes.append(float(age[1]))
    if parsed:
        wishes = wishes or [USUAL_SECONDS]
    return Answer(
        body.moved_to,
        parsed,
        _kept(body.headers.get("etag"), 1000) or etag,
        _kept(body.headers.get("last-modified"), 100) or last_modified,
        int(min(max(*wishes, LEAST_SECONDS), MOST_SECONDS)) if wishes else None,
    )


def _kept(header: str | None, longest: int) -> str | None:
    """What is cut would never match."""
    return header if header and len(header) <= longest and header.isascii() and header.isprintable() else None
