"""Feeds that are due: claimed, fetched with no transaction open, and what came of it written in one.

The epoch fences: whoever was overtaken writes nothing, so that no entry starts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.principal import Principal, Role
from models import Feed, FeedEntry, FeedStatus, User, WorkspaceMember
from models.base import Json
from services.syndication import feed_entries, feed_reading
from services.syndication.feed_entries import Pages
from services.syndication.feed_parsing import Parsed
from services.syndication.feed_reading import LEAST_SECONDS, MOST_SECONDS, Answer, FeedGone, FeedUnreadable
from services.syndication.feed_rules import Rule
from services.syndication.feeds import FeedPaused, find

BATCH: Final = 10
LEASE_SECONDS: Final = 300
"""More than a feed and the pages of its entries can take."""
MAX_ERRORS: Final = 10
"""In a row: three days. Then the feed is paused."""

_CLAIM: Final = text("""
WITH due AS MATERIALIZED (
    SELECT id FROM feeds WHERE status = 'active' AND next_fetch_at <= now()
    ORDER BY next_fetch_at LIMIT :batch FOR UPDATE SKIP LOCKED
)
UPDATE feeds f SET epoch = f.epoch + 1, next_fetch_at = now() + make_interval(secs => :lease)
FROM due WHERE f.id = due.id
RETURNING f.id, f.workspace_id, f.epoch, f.url, f.etag, f.last_modified, f.rule
""")


@dataclass(frozen=True, slots=True)
class Claimed:
    id: UUID
    workspace_id: UUID
    epoch: int
    url: str
    etag: str | None
    last_modified: str | None
    rule: Json


async def claim(db: Database, batch: int = BATCH) -> Sequence[Claimed]:
    """Of what is due, the oldest first."""
    async with db.service() as session:
        found = await session.execute(_CLAIM, {"batch": batch, "lease": LEASE_SECONDS})
        return [Claimed(*row) for row in found]


async def claim_one(session: AsyncSession, feed_id: UUID) -> Claimed:
    """For somebody who does not want to wait. Raises NotFound and FeedPaused."""
    feed = await find(session, feed_id, lock=True)
    if feed.status != FeedStatus.ACTIVE:
        raise FeedPaused("A feed that is paused is not fetched.", remedy="Make it active first.")
    feed.epoch += 1
    feed.next_fetch_at = func.now() + timedelta(seconds=LEASE_SECONDS)
    await session.flush()
    own = (feed.id, feed.workspace_id, feed.epoch, feed.url, feed.etag, feed.last_modified, feed.rule)
    return Claimed(*own)


async def fetch(db: Database, http: httpx.AsyncClient, claimed: Claimed) -> int:
    """How many workflows it started. `http` must be a guarded client. What goes wrong is the feed's `error`."""
    try:
        answer = await feed_reading.read(http, claimed.url, claimed.etag, claimed.last_modified)
    except FeedUnreadable as error:
        await _fail(db, claimed, error)
        return 0
    read: Pages = {}
    rule = Rule.model_validate(claimed.rule)
    if answer.parsed is not None and rule.content == "page":
        async with db.service(claimed.workspace_id) as session:
            if (feed := await _held(session, claimed)) is None:
                return 0
            news = await feed_entries.sort(session, feed, rule, answer.parsed)
        read = await feed_entries.read_pages(http, rule, news)
    async with db.service(claimed.workspace_id) as session:
        feed = await _held(session, claimed)
        return await _record(session, feed, answer, read) if feed else 0


async def _record(session: AsyncSession, feed: Feed, answer: Answer, read: Pages) -> int:
    feed.url, feed.etag, feed.last_modified = answer.url, answer.etag, answer.last_modified
    feed.interval_seconds = answer.interval or feed.interval_seconds
    feed.error, feed.error_count = None, 0
    feed.fetched_at, feed.next_fetch_at = func.now(), feed_entries.due(feed.interval_seconds)
    started = await _keep(session, feed, answer.parsed, read) if answer.parsed else 0
    await session.flush()
    return started


async def _keep(session: AsyncSession, feed: Feed, parsed: Parsed, read: Pages) -> int:
    feed.title, feed.site_url = feed.title or parsed.title, parsed.site_url
    rule = Rule.model_validate(feed.rule)
    news = await feed_entries.sort(session, feed, rule, parsed)
    fault = await feed_entries.keep(session, feed, await _maker(session, feed), rule, news, read)
    if fault:
        feed.status, feed.error = FeedStatus.PAUSED, fault
    started = select(func.count()).where(FeedEntry.feed_id == feed.id, FeedEntry.started_at == func.now())
    return await session.scalar(started) or 0


async def _maker(session: AsyncSession, feed: Feed) -> Principal | None:
    """As they stand now: None once they may start no workflows here."""
    found = select(User.username, WorkspaceMember.role).where(
        User.id == feed.user_id,
        WorkspaceMember.user_id == User.id,
        WorkspaceMember.workspace_id == feed.workspace_id,
    )
    row = (await session.execute(found)).one_or_none()
    if row is None or feed.user_id is None:
        return None
    maker = Principal(feed.user_id, row.username, feed.workspace_id, Role(row.role))
    return maker if maker.may_act_as(Role.EDITOR) else None


async def _fail(db: Database, claimed: Claimed, error: FeedUnreadable) -> None:
    """Tried again after 15 minutes, twice that, and so on to a day, or when the site says."""
    async with db.service(claimed.workspace_id) as session:
        if (feed := await _held(session, claimed)) is None:
            return
        feed.error_count += 1
        backoff = min(MOST_SECONDS, LEAST_SECONDS * 2 ** (feed.error_count - 1))
        asked_for = min(MOST_SECONDS, error.retry_after or 0)
        feed.next_fetch_at = func.greatest(
            feed_entries.due(backoff), func.now() + timedelta(seconds=asked_for)
        )
        feed.error = error.detail
        if isinstance(error, FeedGone):
            feed.status = FeedStatus.PAUSED
        elif feed.error_count >= MAX_ERRORS:
            feed.status = FeedStatus.PAUSED
            feed.error = f"{error.detail} That was so {MAX_ERRORS} times in a row."


async def _held(session: AsyncSession, claimed: Claimed) -> Feed | None:
    """Locked. None: somebody else has it now, or it was paused or deleted."""
    held = select(Feed).where(
        Feed.id == claimed.id, Feed.epoch == claimed.epoch, Feed.status == FeedStatus.ACTIVE
    )
    return await session.scalar(held.with_for_update())
