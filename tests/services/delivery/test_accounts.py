"""What platforms say of an account: blogs are anybody's servers, and what was asked before it was connected again is stale."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from core.settings import Settings
from platforms.base import Identity
from platforms.registry import PlatformName
from services.delivery import accounts
from tests.plugins.ledger import account, approved
from tests.plugins.scene import Scene

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


CONNECT_AGAIN = "UPDATE connected_accounts SET credentials = credentials WHERE platform = 'x'"


async def test_a_token_that_was_replaced_while_the_old_one_was_refused_is_not_marked(scene: Scene) -> None:
    async def platform(_: httpx.Request) -> httpx.Response:
        await scene.execute(CONNECT_AGAIN)
        return httpx.Response(401)

    thread_id = await approved(scene)
    async with httpx.AsyncClient(transport=httpx.MockTransport(platform)) as http:
        scene.runtime.http = http
        await scene.advance()
    assert (await scene.job(thread_id))["status"] == "held"
    assert (await account(scene, "x"))["status"] == "active"


async def test_two_who_connect_the_same_account_at_once_connect_one(scene: Scene) -> None:
    address = "https://a.example"

    async def connect(session: AsyncSession) -> UUID:
        who, keyring, said = scene.principal, scene.runtime.keyring, Identity(address, "a.example")
        row = await accounts.connect(session, who, keyring, PlatformName.BLOG, address, CREDENTIALS, said)
        return row.id

    async def second() -> UUID:
        async with scene.tenant() as session:
            return await connect(session)

    async with scene.tenant() as session:
        first = await connect(session)
        waiting = asyncio.create_task(second())
        await asyncio.wait([waiting], timeout=0.2)
    assert await waiting == first


async def test_a_test_of_what_was_connected_before_says_nothing_of_it_now(scene: Scene) -> None:
    async with scene.tenant() as session:
        tested = await accounts.find(session, (await account(scene, "x"))["id"])
    await scene.execute(CONNECT_AGAIN)
    async with scene.tenant() as session:
        assert (await accounts.record_test(session, tested, "The token has expired.")).status == "active"
    async with scene.tenant() as session:
        tested = await accounts.find(session, tested.id)
    async with scene.tenant() as session:
        found = await accounts.record_test(session, tested, "The token has expired.")
    assert (found.status, found.error_message, found.error_count) == (
        "token_expired",
        "The token has expired.",
        1,
    )
