"""Feeds that are followed: added, changed, and their entries started by a person."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import Source
from core.errors import Conflict, NotFound
from core.principal import Principal
from models import Feed, FeedEntry, FeedEntryStatus, FeedStatus
from services import pages, rows
from services.syndication import feed_entries, feed_rules
from services.syndication.feed_entries import News, Pages
from services.syndication.feed_parsing import Entry
from services.syndication.feed_reading import USUAL_SECONDS, Answer
from services.syndication.feed_rules import Rule

MAX_BACKFILL: Final = 20


class FeedPaused(Conflict):
    title = "The feed is paused"


class EntryStarted(Conflict):
    title = "The entry was started"


def first(entries: Sequence[Entry], rule: Rule, backfill: int) -> list[News]:
    """What is there when a feed is added: all of it is `seen`, but for the newest `backfill` that match."""
    wanted = [entry for entry in entries if rule.matches(entry)][:backfill]
    chosen = {entry.guid for entry in wanted}
    return [
        News(entry, FeedEntryStatus.STARTED if entry.guid in chosen else FeedEntryStatus.SEEN)
        for entry in entries
    ]


async def create(
    session: AsyncSession, principal: Principal, answer: Answer, rule: Rule, news: Sequence[News], read: Pages
) -> Feed:
    """`answer` and the pages in `read` have been fetched already. Raises Invalid for the rule."""
    await feed_rules.check(session, principal, rule)
    assert answer.parsed is not None
    feed = Feed(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        url=answer.url,
        title=answer.parsed.title,
        site_url=answer.parsed.site_url,
        rule=rule.model_dump(mode="json"),
        etag=answer.etag,
        last_modified=answer.last_modified,
        interval_seconds=answer.interval or USUAL_SECONDS,
        next_fetch_at=feed_entries.due(answer.interval or USUAL_SECONDS),
        fetched_at=func.now(),
    )
    session.add(feed)
    await session.flush()
    await feed_entries.keep(session, feed, principal, rule, news, read)
    await session.refresh(feed)
    return feed


async def browse(session: AsyncSession, wanted: pages.Wanted) -> pages.Slice[Feed]:
    return await pages.page(session, select(Feed), (Feed.created_at, Feed.id), wanted)


async def find(session: AsyncSession, feed_id: UUID, *, lock: bool = False) -> Feed:
    return await rows.find(session, Feed, feed_id, "feed", lock=lock)


async def change(
    session: AsyncSession, principal: Principal, feed_id: UUID, changes: Mapping[str, Any]
) -> Feed:
    """Whoever changes its rule or makes it active is who its workflows are started by from now on."""
    feed = await find(session, feed_id, lock=True)
    changes = dict(changes)
    if rule := changes.pop("rule", None):
        await feed_rules.check(session, principal, rule)
        # Whoever fetches it just now by the old rule writes nothing.
        again = {"epoch": feed.epoch + 1, "next_fetch_at": func.now()}
        changes |= {**again, "rule": rule.model_dump(mode="json"), "user_id": principal.user_id}
    if changes.get("status") == FeedStatus.ACTIVE and feed.status != FeedStatus.ACTIVE:
        afresh = {"error": None, "error_count": 0, "next_fetch_at": func.now()}
        changes |= {**afresh, "user_id": principal.user_id}
    await rows.change(session, feed, changes)
    return feed


async def delete(session: AsyncSession, feed_id: UUID) -> None:
    """And its entries; the workflows stay."""
    await session.delete(await find(session, feed_id))
    await session.flush()


async def browse_entries(
    session: AsyncSession, feed_id: UUID, wanted: pages.Wanted, status: FeedEntryStatus | None = None
) -> pages.Slice[FeedEntry]:
    await find(session, feed_id)
    statement = select(FeedEntry).where(FeedEntry.feed_id == feed_id)
    if status is not None:
        statement = statement.where(FeedEntry.status == status)
    return await pages.page(session, statement, (FeedEntry.created_at, FeedEntry.id), wanted)


async def of_feed(session: AsyncSession, feed_id: UUID, entry_id: UUID) -> tuple[Feed, FeedEntry]:
    """Raises NotFound, and EntryStarted."""
    feed, entry = await find(session, feed_id), await rows.find(session, FeedEntry, entry_id, "entry")
    if entry.feed_id != feed_id:
        raise NotFound("There is no such entry.")
    _require_waiting(entry)
    return feed, entry


async def start_entry(
    session: AsyncSession, principal: Principal, feed_id: UUID, entry_id: UUID, page: Source | None
) -> FeedEntry:
    """In the caller's own name. `page`: where the rule asks for it. Raises EntryStarted, and Invalid."""
    feed, _ = await of_feed(session, feed_id, entry_id)
    entry = await rows.find(session, FeedEntry, entry_id, "entry", lock=True)
    _require_waiting(entry)
    await feed_entries.start(session, principal, Rule.model_validate(feed.rule), entry, page)
    await session.refresh(entry)
    return entry


def _require_waiting(entry: FeedEntry) -> None:
    if entry.status == FeedEntryStatus.STARTED:
        raise EntryStarted("Its workflow was started already.")
