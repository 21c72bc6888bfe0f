"""LangGraph's own SDK against the API on a real socket."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient, SyncLangGraphClient

    from tests.plugins.api import User


class Sdk:
    """`sdk(user)` is LangGraph's client as that person or program, `sdk(key="prk_…")` the same by X-Api-Key.

    `sdk.blocking(user)` is the synchronous one: to be called in a thread (`asyncio.to_thread`), since the server runs in
    the test's own loop.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._stack = AsyncExitStack()

    def __call__(self, user: "User | None" = None, key: str | None = None) -> "LangGraphClient":
        """With neither: nobody."""
        from langgraph_sdk import get_client  # slow to load, and most tests do not need it

        client = get_client(url=self.url, api_key=key, headers=_headers(user))
        self._stack.push_async_callback(client.aclose)
        return client

    def blocking(self, user: "User") -> "SyncLangGraphClient":
        from langgraph_sdk import get_sync_client

        client = get_sync_client(url=self.url, api_key=None, headers=_headers(user))
        self._stack.callback(client.close)
        return client

    async def aclose(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def sdk(live_url: str) -> AsyncIterator[Sdk]:
    made = Sdk(live_url)
    yield made
    await made.aclose()


def _headers(user: "User | None") -> dict[str, str]:
    named = ("authorization", "x-workspace-id")
    return {name: user.headers[name] for name in named if user and name in user.headers}
