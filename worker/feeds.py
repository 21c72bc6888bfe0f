"""Fetches the feeds that are due, in every worker beside its threads."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.http import guarded_client
from services.library import url_sources
from services.runtime import Runtime
from services.syndication import feed_polling
from services.syndication.feed_polling import Claimed

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 60.0


async def run(runtime: Runtime, every_seconds: float = EVERY_SECONDS) -> None:
    """Until cancelled: what is cut off is fetched again once its claim is over. The database may go away and come back."""
    while True:
        try:
            await fetch_due(runtime)
        except SQLAlchemyError as error:
            log.warning("feeds.database_away", reason=str(error).splitlines()[0])
        await asyncio.sleep(every_seconds)


async def fetch_due(runtime: Runtime) -> int:
    """All of them, a batch at a time; how many there were."""
    count = 0
    async with guarded_client(runtime.settings, url_sources.LIMIT_SECONDS) as http:
        while claimed := await feed_polling.claim(runtime.db):

            async def fetch(feed: Claimed) -> None:
                try:
                    started = await feed_polling.fetch(runtime.db, http, feed)
                    log.info("feed.fetched", feed_id=str(feed.id), started=started)
                except Exception:
                    # One of them must not end the worker. It is fetched again once its claim is over.
                    log.exception("feed.broke", feed_id=str(feed.id))

            await asyncio.gather(*map(fetch, claimed))
            count += len(claimed)
    return count
