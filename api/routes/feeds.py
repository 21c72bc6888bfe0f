"""Feeds that are followed. What they start, they start in somebody's name: so changing them takes the right to start."""

from typing import Final
from uuid import UUID

from fastapi import Response

from api.deps import Db, Session, SettingsOf, Viewer, Work, WorkflowEditor
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.feeds import (
    FeedEntryOut,
    FeedFetched,
    FeedIn,
    FeedMade,
    FeedOut,
    FeedPatch,
    FeedPreviewIn,
    FeedPreviewOut,
    PreviewedEntryOut,
)
from core.http import guarded_client
from models import FeedEntryStatus
from services import pages
from services.library import url_sources
from services.syndication import feed_entries, feed_polling, feed_reading, feed_rules, feeds
from services.syndication.feed_rules import Rule

router = new_router("/v1/feeds", "feeds")

SHOWN: Final = 10
"""Entries of a feed that is looked at, or was just added."""


@router.get("")
async def list_feeds(_: Viewer, session: Session, paging: Paging) -> Page[FeedOut]:
    return Page[FeedOut].of(await feeds.browse(session, paging), FeedOut.model_validate)


@router.post("/preview")
async def preview_feed(body: FeedPreviewIn, _: WorkflowEditor, settings: SettingsOf) -> FeedPreviewOut:
    """What is at an address, and which entries these words choose. Nothing is kept."""
    async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
        answer = await feed_reading.discover(http, body.url)
    assert answer.parsed is not None
    return FeedPreviewOut(
        url=answer.url,
        title=answer.parsed.title,
        site_url=answer.parsed.site_url,
        interval_seconds=answer.interval or feed_reading.USUAL_SECONDS,
        entries=[
            PreviewedEntryOut(
                title=entry.title,
                url=entry.url,
                text=entry.text,
                published_at=entry.published_at,
                matches=feed_rules.chosen(entry, body.include, body.exclude),
            )
            for entry in answer.parsed.entries[:SHOWN]
        ],
    )


@router.post(
    "",
    status_code=201,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The feed."}}}},
)
async def create_feed(
    body: FeedIn, principal: WorkflowEditor, work: Work, db: Db, settings: SettingsOf, response: Response
) -> FeedMade:
    """Follows a feed, or the one that a page names. What is in it already is `seen` and starts nothing, but `backfill`."""
    async with db.tenant(principal.workspace_id, principal.user_id) as looking:
        await feed_rules.check(looking, principal, body.rule)
    async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
        answer = await feed_reading.discover(http, body.url)
        assert answer.parsed is not None
        news = feeds.first(answer.parsed.entries, body.rule, body.backfill)
        read = await feed_entries.read_pages(http, body.rule, news)
    session = await work.begin()
    feed = await feeds.create(session, principal, answer, body.rule, news, read)
    entries = await feeds.browse_entries(session, feed.id, pages.Wanted(SHOWN))
    response.headers["Location"] = f"{router.prefix}/{feed.id}"
    shown = [FeedEntryOut.model_validate(entry) for entry in entries.items]
    return FeedMade(**FeedOut.model_validate(feed).model_dump(), entries=shown)


@router.get("/{feed_id}")
async def get_feed(feed_id: UUID, _: Viewer, session: Session) -> FeedOut:
    return FeedOut.model_validate(await feeds.find(session, feed_id))


@router.patch("/{feed_id}")
async def change_feed(feed_id: UUID, body: FeedPatch, principal: WorkflowEditor, session: Session) -> FeedOut:
    """Whoever changes the rule, or makes it active again, is in whose name it starts workflows from now on."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    return FeedOut.model_validate(await feeds.change(session, principal, feed_id, changes))


@router.delete("/{feed_id}", status_code=204)
async def delete_feed(feed_id: UUID, _: WorkflowEditor, session: Session) -> None:
    """And what is known of its entries. The workflows stay."""
    await feeds.delete(session, feed_id)


@router.post("/{feed_id}/fetch")
async def fetch_feed(
    feed_id: UUID, principal: WorkflowEditor, work: Work, db: Db, settings: SettingsOf
) -> FeedFetched:
    """At once, and not when it is due. What goes wrong is its `error`."""
    async with db.tenant(principal.workspace_id, principal.user_id) as claiming:
        claimed = await feed_polling.claim_one(claiming, feed_id)
    async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
        started = await feed_polling.fetch(db, http, claimed)
    feed = await feeds.find(await work.begin(), feed_id)
    return FeedFetched(**FeedOut.model_validate(feed).model_dump(), started=started)


@router.get("/{feed_id}/entries")
async def list_feed_entries(
    feed_id: UUID, _: Viewer, session: Session, paging: Paging, status: FeedEntryStatus | None = None
) -> Page[FeedEntryOut]:
    found = await feeds.browse_entries(session, feed_id, paging, status)
    return Page[FeedEntryOut].of(found, FeedEntryOut.model_validate)


@router.post("/{feed_id}/entries/{entry_id}/start", status_code=202)
async def start_feed_entry(
    feed_id: UUID, entry_id: UUID, principal: WorkflowEditor, work: Work, db: Db, settings: SettingsOf
) -> FeedEntryOut:
    """For one that did not start by itself; in the caller's name, whatever the limit of the day."""
    async with db.tenant(principal.workspace_id, principal.user_id) as looking:
        feed, entry = await feeds.of_feed(looking, feed_id, entry_id)
    page = None
    if Rule.model_validate(feed.rule).content == "page":
        async with guarded_client(settings, url_sources.LIMIT_SECONDS) as http:
            page = await feed_entries.read_page(http, entry.url)
    started = await feeds.start_entry(await work.begin(), principal, feed_id, entry_id, page)
    return FeedEntryOut.model_validate(started)
