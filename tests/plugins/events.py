"""Somebody who follows the stream of a workspace's events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import User

Events = AsyncIterator[ServerSentEvent]


@asynccontextmanager
async def following(url: str, user: User, after: str | None = None, **query: str) -> AsyncIterator[Events]:
    """With the beginning, unless `after` says since when."""
    headers = {
        name: user.headers[name] for name in ("Authorization", "X-Workspace-Id") if name in user.headers
    }
    if after is not None:
        headers["Last-Event-ID"] = after
    async with (
        httpx.AsyncClient(
            base_url=url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False, verify=False
        ) as client,
        aconnect_sse(client, "GET", "/v1/events", params=query) as source,
    ):
        assert source.response.status_code == 200
        async with aclosing(source.aiter_sse()) as events:
            yield (
                event async for event in events if event.data or event.retry
            )  # httpx-sse yields comments, too


async def begun(events: Events) -> str:
    """The position at which it begins."""
    (first,) = await take(events, 1)
    assert first.event == "stream.position"
    return first.id


async def take(events: Events, count: int) -> list[ServerSentEvent]:
    return [await asyncio.wait_for(anext(events), PATIENCE_SECONDS) for _ in range(count)]
