"""A feed's entries: which of them are new, what becomes of each, and the workflows that they start."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from secrets import SystemRandom
from typing import Final

import httpx
from anyio import CapacityLimiter, create_task_group
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from agents.base import Source
from core.errors import Invalid, ProofroomError
from core.principal import Principal
from models import Feed, FeedEntry, FeedEntryStatus
from services import workflows
from services.library import url_sources
from services.syndication import feed_rules
from services.syndication.feed_parsing import Entry, Parsed
from services.syndication.feed_rules import Rule

Pages = Mapping[str, Source | str]
"""By the entry's guid: what its page says, or why it cannot be read."""
NOTE_LIMIT: Final = 500
EXTERNAL_ID_LIMIT: Final = 255
_NOBODY: Final = "Whoever made the feed may start no workflows here any more. Who resumes it takes it over."
_NOT_READ: Final = "There was no room for it within a day when the pages were read."
_AT_ONCE: Final = 4
_JITTER: Final = 0.1
_SEEN_DAYS: Final = 7
_RANDOM: Final = SystemRandom()


class EntryWithoutWords(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The entry has no words"


@dataclass(frozen=True, slots=True)
class News:
    entry: Entry
    status: FeedEntryStatus
    """STARTED: it is to be."""
    note: str | None = None


async def sort(session: AsyncSession, feed: Feed, rule: Rule, parsed: Parsed) -> list[News]:
    """What becomes of the entries that are new. One that only changed its guid is not: its row gets the new one."""
    fresh = await _fresh(session, feed, parsed)
    recent = select(func.count()).where(
        FeedEntry.feed_id == feed.id, FeedEntry.started_at > func.now() - func.make_interval(0, 0, 0, 1)
    )
    room = max(0, rule.max_per_day - (await session.scalar(recent) or 0))
    news = []
    for entry in fresh:
        if not rule.matches(entry):
            news.append(News(entry, FeedEntryStatus.FILTERED))
        elif not rule.start:
            news.append(News(entry, FeedEntryStatus.SEEN))
        elif room:
            room -= 1
            news.append(News(entry, FeedEntryStatus.STARTED))
        else:
            note = f"{rule.max_per_day} have been started within a day."
            news.append(News(entry, FeedEntryStatus.SKIPPED, note))
    return news


async def read_pages(http: httpx.AsyncClient, rule: Rule, news: Sequence[News]) -> Pages:
    """Of those to be started, where the rule asks for their pages. `http` must be a guarded client."""
    if rule.content == "entry":
        return {}
    found: dict[str, Source | str] = {}
    limiter = CapacityLimiter(_AT_ONCE)

    async def read(entry: Entry) -> None:
        async with limiter:
            try:
                found[entry.guid] = await read_page(http, entry.url)
            except ProofroomError as error:
                found[entry.guid] = error.detail

    async with create_task_group() as group:
        for each in news:
            if each.status is FeedEntryStatus.STARTED:
                group.start_soon(read, each.entry)
    return found


async def read_page(http: httpx.AsyncClient, url: str | None) -> Source:
    """Raises what `url_sources.fetch_url` does, and Invalid for an entry without a link."""
    if url is None:
        raise Invalid("The entry links to no page.")
    return await url_sources.fetch_url(http, url)


async def keep(
    session: AsyncSession,
    feed: Feed,
    principal: Principal | None,
    rule: Rule,
    news: Sequence[News],
    read: Pages,
) -> str | None:
    """Write them down, and start those that are to be, in one transaction with what made them known. Whoever calls it
    holds the feed's row. The answer: why one could not be started, where that is the feed's fault; then none is after
    it. No principal: whoever made the feed may start nothing any more."""
    fault: str | None = None
    for each in reversed(news):  # the newest gets the latest id
        page = None if rule.content == "entry" else read.get(each.entry.guid, _NOT_READ)
        row = _row(feed, each)
        session.add(row)
        if each.status is not FeedEntryStatus.STARTED:
            continue
        if principal is None:
            fault = _NOBODY
        if principal is None or fault or isinstance(page, str):
            _skip(row, fault or str(page))
            continue
        await session.flush()
        try:
            async with session.begin_nested():
                await start(session, principal, rule, row, page)
        except ProofroomError as error:
            await session.refresh(row)
            _skip(row, error.detail)
            fault = error.detail if isinstance(error, Invalid) else None
    await session.flush()
    return fault


async def start(
    session: AsyncSession, principal: Principal, rule: Rule, row: FeedEntry, page: Source | None
) -> None:
    """The workflow of an entry that has none. Raises Invalid by field."""
    text = row.text or row.title or ""
    if page is None and not text:
        raise EntryWithoutWords("There are no words in the entry.", remedy="Follow the feed by its pages.")
    source = page or Source(type="url" if row.url else "text", text=text, title=row.title, url=row.url)
    name = row.guid if len(row.guid) <= EXTERNAL_ID_LIMIT else row.guid_hash.hex()
    started = await workflows.start(session, principal, await feed_rules.brief(session, rule, source, name))
    row.status, row.note = FeedEntryStatus.STARTED, None
    row.workflow_id, row.started_at = started.id, func.now()
    await session.flush()


def due(seconds: float) -> ColumnElement[datetime]:
    """In so long, more or less: what was added together is not fetched together for ever."""
    return func.now() + timedelta(seconds=seconds * _RANDOM.uniform(1 - _JITTER, 1 + _JITTER))


async def _fresh(session: AsyncSession, feed: Feed, parsed: Parsed) -> list[Entry]:
    by_guid = {entry.guid_hash: entry for entry in parsed.entries}
    links = Counter(entry.link_hash for entry in parsed.entries if entry.url != parsed.site_url)
    known = select(FeedEntry).where(
        FeedEntry.feed_id == feed.id,
        or_(FeedEntry.guid_hash.in_(by_guid), FeedEntry.link_hash.in_(link for link in links if link)),
    )
    names = load_only(FeedEntry.guid_hash, FeedEntry.link_hash)  # their texts may be large
    rows = (await session.scalars(known.options(names))).all()
    there = {row.guid_hash for row in rows}
    # A link that many share, or the site itself, names no entry; nor is one that is still there under its own guid another.
    gone = [row for row in rows if row.guid_hash not in by_guid]
    gone_by_link = Counter(row.link_hash for row in gone)
    renamed = {row.link_hash: row for row in gone if row.link_hash and gone_by_link[row.link_hash] == 1}
    fresh = []
    for guid_hash, entry in by_guid.items():
        if guid_hash in there:
            continue
        link = entry.link_hash
        if link and links[link] == 1 and (row := renamed.get(link)):
            row.guid, row.guid_hash = entry.guid, guid_hash
        else:
            fresh.append(entry)
    await session.flush()
    await _see(session, feed, by_guid)
    return fresh


async def _see(session: AsyncSession, feed: Feed, guids: Collection[bytes]) -> None:
    """Once a week, which is near enough: by it those are told that the feed has no more."""
    stale = FeedEntry.seen_at < func.now() - func.make_interval(0, 0, 0, _SEEN_DAYS)
    there = update(FeedEntry).where(FeedEntry.feed_id == feed.id, FeedEntry.guid_hash.in_(guids), stale)
    await session.execute(there.values(seen_at=func.now()), execution_options={"synchronize_session": False})


def _row(feed: Feed, news: News) -> FeedEntry:
    """What is to be started is `skipped` until it is."""
    entry, waits = news.entry, news.status is FeedEntryStatus.STARTED
    return FeedEntry(
        workspace_id=feed.workspace_id,
        feed_id=feed.id,
        guid=entry.guid,
        guid_hash=entry.guid_hash,
        link_hash=entry.link_hash,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        published_at=entry.published_at,
        status=FeedEntryStatus.SKIPPED if waits else news.status,
        note=news.note,
    )


def _skip(row: FeedEntry, why: str) -> None:
    row.status, row.note = FeedEntryStatus.SKIPPED, why[:NOTE_LIMIT]
