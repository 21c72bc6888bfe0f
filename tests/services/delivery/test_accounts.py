"""Asking a blog who it is: it is anybody's server."""

import asyncio
from typing import Any

import httpx
import pytest

from core.settings import Settings
from platforms.registry import PlatformName
from services.delivery import accounts

CREDENTIALS = {"admin_api_key": f"{'a' * 24}:{'b' * 64}"}


def blog(site: dict[str, Any]) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"site": site} if "/site/" in request.url.path else {"posts": []})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_what_a_blog_calls_itself_is_kept_as_far_as_it_can() -> None:
    site = {"title": "Night\0" + "y" * 300, "url": "https://a.example/\0", "logo": "https://a/" + "x" * 3000}
    async with blog(site) as http:
        _, found = await accounts.check(http, Settings(), PlatformName.BLOG, "https://a.example", CREDENTIALS)
    assert found.display_name == "Night\N{REPLACEMENT CHARACTER}" + "y" * 249
    assert found.avatar_url is None
    assert found.metadata["url"] == "https://a.example/\N{REPLACEMENT CHARACTER}"


async def test_a_blog_that_does_not_come_to_an_end_is_not_waited_for() -> None:
    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    settings = Settings(publish_deadline_seconds=0.1)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(accounts.PlatformUnavailable):
            await accounts.check(http, settings, PlatformName.BLOG, "https://a.example", CREDENTIALS)
