"""Whatever goes wrong on the way to a platform is one of the five failures, and a look-up tells what became of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.content import Content
from core.http import guarded_client
from core.settings import Settings
from core.simulated import Simulated
from platforms.base import (
    Absent,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Reauthorize,
    Receipt,
    Refused,
    Unreachable,
)
from platforms.registry import PLATFORMS, PlatformName
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    import httpx

    from tests.platforms.conftest import Connect

CONTENT = Content(
    content="A fact (with a source) & a #Hashtag.\n\nSee example.com for more.", metadata={"title": "A title"}
)
EVERY: list[Simulated] = ["linkedin", "x", "blog", "instagram"]
EXPECTED: dict[str, dict[Simulated, type[PlatformError]]] = {
    "cut": dict.fromkeys(EVERY, OutcomeUnknown),
    "server_error": dict.fromkeys(EVERY, OutcomeUnknown),
    "rate_limited": dict.fromkeys(EVERY, RateLimited),
    "unauthorized": dict.fromkeys(EVERY, Reauthorize),
    "payment_required": dict.fromkeys(EVERY, Refused),
    "upgrade_required": dict.fromkeys(EVERY, Refused),
    "duplicate": {**dict.fromkeys(EVERY, Refused), "blog": Unreachable},
}


@pytest.mark.parametrize("platform", EVERY)
@pytest.mark.parametrize("kind", EXPECTED)
async def test_what_was_not_done_is_told_and_not_found(
    connect: Connect, platform: Simulated, kind: str
) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    publication = peer.publication(CONTENT)
    # Ghost is asked again with a token by its own clock.
    count = 2 if (platform, kind) == ("blog", "unauthorized") else 1
    await peer.fault(kind, seconds=60, count=count)
    with pytest.raises(PlatformError) as raised:
        await publisher.publish(peer.http, peer.account, publication)
    assert type(raised.value) is EXPECTED[kind][platform]
    assert raised.value.detail
    if isinstance(raised.value, RateLimited):
        assert 58 <= raised.value.retry_after <= 61, "counted from the second in the answer's Date"
    assert isinstance(await publisher.find(peer.http, peer.account, publication), Absent)
    assert await peer.posts() == []

    receipt = await publisher.publish(peer.http, peer.account, publication)
    assert [post["url"] for post in await peer.posts()] == [receipt.url]


@pytest.mark.parametrize("platform", EVERY)
@pytest.mark.parametrize("kind", ["lost_answer", "bad_gateway", "slow"])
async def test_a_lost_answer_is_found(
    connect: Connect, impatient: httpx.AsyncClient, platform: Simulated, kind: str
) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    publication = peer.publication(CONTENT)
    await peer.fault(kind, seconds=1.5)
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(impatient, peer.account, publication)

    found = await publisher.find(peer.http, peer.account, publication)
    (post,) = await peer.posts()
    assert isinstance(found, Receipt)
    assert (found.platform_post_id, found.url) == (post["id"], post["url"])
    again = await publisher.publish(peer.http, peer.account, publication)
    assert again.platform_post_id == found.platform_post_id
    assert len(await peer.posts()) == 1


@pytest.mark.parametrize("platform", EVERY)
async def test_what_happens_late_is_absent_first_and_found_then(
    connect: Connect, impatient: httpx.AsyncClient, platform: Simulated
) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    publication = peer.publication(CONTENT)
    await peer.fault("late", seconds=2)
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(impatient, peer.account, publication)
    assert isinstance(await publisher.find(peer.http, peer.account, publication), Absent)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not isinstance(await publisher.find(peer.http, peer.account, publication), Receipt):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("platform", EVERY)
async def test_a_broken_look_up_may_be_repeated(connect: Connect, platform: Simulated) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    publication = peer.publication(CONTENT)
    await peer.fault("cut")
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(peer.http, peer.account, publication)
    for kind in ("cut", "server_error"):
        await peer.fault(kind, step="read")
        with pytest.raises(Unreachable):
            await publisher.find(peer.http, peer.account, publication)


@pytest.mark.parametrize("platform", EVERY)
async def test_nobody_listens(connect: Connect, platform: Simulated, closed_port: int) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    account = replace(peer.account, base_url=f"http://127.0.0.1:{closed_port}")
    async with guarded_client(Settings(allow_private=[f"127.0.0.1:{closed_port}"]), 1) as http:
        with pytest.raises(Unreachable):
            await publisher.publish(http, account, peer.publication(CONTENT))


@pytest.mark.parametrize("platform", EVERY)
@pytest.mark.parametrize("base_url", ["http://169.254.169.254", "ftp://example.com", "http://"])
async def test_an_address_that_cannot_be_used_is_the_accounts_fault(
    connect: Connect, http: httpx.AsyncClient, platform: Simulated, base_url: str
) -> None:
    peer = connect(platform)
    account = replace(peer.account, base_url=base_url)
    with pytest.raises(Reauthorize):
        await PLATFORMS[PlatformName(platform)].publisher.publish(http, account, peer.publication(CONTENT))


@pytest.mark.parametrize("platform", EVERY)
async def test_a_wrong_credential_posts_nothing(connect: Connect, platform: Simulated) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    account = peer.with_credentials(access_token="wrong", admin_api_key=f"0123:{'ab' * 32}")
    with pytest.raises(Reauthorize):
        await publisher.publish(peer.http, account, peer.publication(CONTENT))
    with pytest.raises(Reauthorize):
        await publisher.identify(peer.http, account)
    assert await peer.posts() == []


@pytest.mark.parametrize("platform", EVERY)
async def test_what_is_shown_is_what_was_approved(connect: Connect, platform: Simulated) -> None:
    peer = connect(platform)
    receipt = await PLATFORMS[PlatformName(platform)].publisher.publish(
        peer.http, peer.account, peer.publication(CONTENT)
    )
    (post,) = await peer.posts()
    page = (await peer.http.get(receipt.url)).text
    assert "A fact (with a source) &amp; a #Hashtag." in page
    assert "Simulated" in page
    if platform != "blog":
        assert post["text"] == CONTENT.content
    secrets = list(peer.account.credentials.values())
    assert not any(secret in str(receipt) or secret in repr(peer.account) for secret in secrets[:1])


@pytest.mark.parametrize("platform", EVERY)
async def test_taking_it_back_twice_is_fine(connect: Connect, platform: Simulated) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    receipt = await publisher.publish(peer.http, peer.account, peer.publication(CONTENT))
    await publisher.unpublish(peer.http, peer.account, receipt.platform_post_id)
    await publisher.unpublish(peer.http, peer.account, receipt.platform_post_id)
    assert await peer.posts() == []
    assert (await peer.http.get(receipt.url)).status_code == 404


@pytest.mark.parametrize("platform", EVERY)
async def test_credentials_tell_whose_they_are(connect: Connect, platform: Simulated) -> None:
    peer = connect(platform)
    identity = await PLATFORMS[PlatformName(platform)].publisher.identify(peer.http, peer.account)
    assert identity.platform_user_id == peer.account.platform_user_id
    assert identity.display_name == f"{peer.account.username} (simulated)"
