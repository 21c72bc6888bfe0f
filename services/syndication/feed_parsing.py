"""RSS and Atom from bytes. Nothing here reaches the network: feedparser is handed what was fetched."""

import hashlib
import io
import re
from calendar import timegm
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

import feedparser  # type: ignore[import-untyped] # it has no types
from lxml import etree, html  # type: ignore[import-untyped] # it has no types

from core.text import storable
from services.confined.limits import Unreadable
from services.documents import markup

MAX_ENTRIES: Final = 500
"""The newest are taken."""
TITLE_LIMIT: Final = 500
URL_LIMIT: Final = 2048
TEXT_LIMIT: Final = 100_000
_TYPES: Final = {"application/rss+xml", "application/atom+xml", "application/rdf+xml"}
_PERIODS: Final = {
    "hourly": 3600,
    "daily": 86_400,
    "weekly": 604_800,
    "monthly": 2_592_000,
    "yearly": 31_536_000,
}
_PAGE: Final = re.compile(rb"^(\xef\xbb\xbf)?\s*(<!doctype html|<html)", re.IGNORECASE)
_TAIL: Final = re.compile(
    r"(?i)(?:\s*(?:\[(?:…|\.\.\.|&#8230;)\]|^the post .{1,600} (?:appeared first|first appeared) on .{1,200}|"
    r"^(?:read more|continue reading|weiterlesen)\b[^.!?\n]{0,100}))+\s*\Z",
    re.MULTILINE,
)
"""What programs that make feeds put at the end."""
_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    guid: str
    """The feed's own name for it; where it gives none, the link, or the title and the time."""
    url: str | None
    title: str | None
    text: str
    published_at: datetime | None

    @property
    def guid_hash(self) -> bytes:
        return hashlib.sha256(self.guid.encode()).digest()

    @property
    def link_hash(self) -> bytes | None:
        return hashlib.sha256(self.url.encode()).digest() if self.url else None


@dataclass(frozen=True, slots=True)
class Parsed:
    title: str | None
    site_url: str | None
    entries: Sequence[Entry]
    """Each once, the newest first."""
    period: float | None
    """Seconds between two looks, as the feed itself wishes."""


@dataclass(frozen=True, slots=True)
class Found:
    parsed: Parsed | None
    """None: it is no feed."""
    alternates: Sequence[str]
    """The feeds that it names, where it is a page."""


def look(body: bytes, url: str, content_type: str) -> Found:
    parsed = None if _PAGE.match(body) else parse(body, url, content_type)
    return Found(parsed, [] if parsed else alternates(body, url))


def parse(body: bytes, url: str, content_type: str) -> Parsed | None:
    """None: it is no feed. `content_type` is the header, whose charset counts."""
    found = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-location": url, "content-type": content_type},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if not found.get("version"):
        return None
    entries: dict[str, Entry] = {}
    for each in found.entries:
        if entry := _entry(each, url):
            entries.setdefault(entry.guid, entry)
    newest = sorted(entries.values(), key=lambda entry: entry.published_at or _LONG_AGO, reverse=True)
    return Parsed(
        _line(found.feed, "title"),
        _address(found.feed.get("link"), url),
        newest[:MAX_ENTRIES],
        _period(found.feed),
    )


def alternates(body: bytes, url: str) -> list[str]:
    """The feeds that a page names, in its order."""
    try:
        root = html.document_fromstring(body, parser=html.HTMLParser(no_network=True))
    except (etree.LxmlError, ValueError):
        return []
    links = root.iterfind(".//link[@href]")
    named = (
        _address(link.get("href"), url)
        for link in links
        if "alternate" in (link.get("rel") or "").lower().split()
        and (link.get("type") or "").split(";")[0].strip().lower() in _TYPES
    )
    return list(dict.fromkeys(filter(None, named)))


def _entry(found: Mapping[str, Any], base: str) -> Entry | None:
    url, title, published_at = _address(found.get("link"), base), _line(found, "title"), _published(found)
    text = _text(found)
    guid = (
        storable(found.get("id") or "").strip()
        or url
        or f"{title or text[:TITLE_LIMIT]} {published_at or ''}".strip()
    )
    return Entry(guid, url, title, text, published_at) if guid else None


def _text(found: Mapping[str, Any]) -> str:
    """The longest of what it says: some repeat their summary as content."""
    said = [*found.get("content", ()), found.get("summary_detail") or {}]
    return _TAIL.sub("", max((_plain(each) for each in said), key=len))[:TEXT_LIMIT].strip()


def _line(found: Mapping[str, Any], name: str) -> str | None:
    return " ".join(_plain(found.get(f"{name}_detail") or {}).split())[:TITLE_LIMIT].strip() or None


def _plain(said: Mapping[str, Any]) -> str:
    value = storable(said.get("value") or "").strip()
    if not value or said.get("type") == "text/plain":
        return value
    try:
        return markup.convert(value)
    except Unreadable:
        return ""


def _address(link: object, base: str) -> str | None:
    if not isinstance(link, str) or not link.strip():
        return None
    try:
        whole = urljoin(base, storable(link).strip())
    except ValueError:  # "http://[" and the like
        return None
    return whole if whole.lower().startswith(("http://", "https://")) and len(whole) <= URL_LIMIT else None


def _published(found: Mapping[str, Any]) -> datetime | None:
    own = dict(found)  # feedparser's own answers one for the other, and warns of it
    moment = own.get("published_parsed") or own.get("updated_parsed")
    try:
        return datetime.fromtimestamp(timegm(moment), UTC) if moment else None
    except (ValueError, OverflowError, OSError):  # the year 0, the year 30000
        return None


def _period(feed: Mapping[str, Any]) -> float | None:
    wishes = []
    if (minutes := _number(feed.get("ttl"))) is not None:
        wishes.append(minutes * 60)
    if period := _PERIODS.get(str(feed.get("sy_updateperiod", "")).strip().lower()):
        wishes.append(period / max(1.0, _number(feed.get("sy_updatefrequency")) or 1.0))
    return max(wishes, default=None)


def _number(said: object) -> float | None:
    digits = str(said or "").strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None
