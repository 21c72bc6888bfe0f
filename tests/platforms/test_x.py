"""X's own ways: no key, so duplicates and look-ups by text and time; credit; limits by Unix time; images."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from core.content import Content, Media
from platforms.base import Absent, CannotTell, RateLimited, Reauthorize, Receipt, Refused
from platforms.x import platform

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect

publisher = platform(threads=False).publisher

CONTENT = Content(content="Tom & Jerry <3 example.com and https://a.example.com/Path?q=1&r=2 日本")


async def test_a_post_with_links_and_entities_is_found_again(connect: Connect) -> None:
    peer = connect("x")
    publication = peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, peer.account, publication)
    assert await publisher.find(peer.http, peer.account, publication) == receipt


async def test_a_duplicate_of_this_very_post_is_its_receipt(connect: Connect) -> None:
    peer = connect("x")
    publication = peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, peer.account, publication)
    assert await publisher.publish(peer.http, peer.account, publication) == receipt
    assert len(await peer.posts()) == 1


async def test_a_duplicate_of_an_older_post_is_refused(connect: Connect) -> None:
    peer = connect("x")
    await publisher.publish(peer.http, peer.account, peer.publication(CONTENT))
    publication = peer.publication(CONTENT)
    later = replace(publication, first_attempt_at=publication.first_attempt_at + timedelta(minutes=5))
    with pytest.raises(Refused, match="duplicate content"):
        await publisher.publish(peer.http, peer.account, later)
    assert isinstance(await publisher.find(peer.http, peer.account, later), Absent)


async def test_a_token_for_no_user_cannot_post(connect: Connect) -> None:
    peer = connect("x")
    with pytest.raises(Reauthorize, match="Application-Only"):
        await publisher.publish(
            peer.http, peer.with_credentials(access_token="sim-app-only"), peer.publication(CONTENT)
        )


async def test_no_credit_is_permanent_and_in_xs_words(connect: Connect) -> None:
    peer = connect("x")
    await peer.fault("payment_required")
    with pytest.raises(Refused, match="does not have any credits"):
        await publisher.publish(peer.http, peer.account, peer.publication(CONTENT))


async def test_an_over_long_text_is_refused(connect: Connect) -> None:
    peer = connect("x")
    with pytest.raises(Refused, match="too long"):
        await publisher.publish(peer.http, peer.account, peer.publication(Content(content="x" * 281)))


@pytest.mark.parametrize(
    ("headers", "at_least", "at_most"),
    [
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+90"}, 88, 90),
        (
            {
                "x-rate-limit-remaining": "5",
                "x-rate-limit-reset": "+90",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": "+5000",
            },
            4998,
            5000,
        ),
        ({"retry-after": "7"}, 7, 7),
        ({}, 60, 60),
    ],
)
async def test_the_window_that_is_used_up_says_when(
    connect: Connect, headers: dict[str, str], at_least: float, at_most: float
) -> None:
    peer = connect("x")
    absolute = {
        name: str(int(time.time()) + int(value)) if value[0] == "+" else value
        for name, value in headers.items()
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(429, headers=absolute))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(RateLimited) as raised:
            await publisher.publish(http, peer.account, peer.publication(CONTENT))
    assert at_least <= raised.value.retry_after <= at_most


async def test_images_carry_their_alternative_text(connect: Connect, image_url: str) -> None:
    peer = connect("x")
    content = Content(content="A dot.", media=(Media(url=image_url, alt_text="A red dot"),))
    publication = peer.publication(content)
    receipt = await publisher.publish(peer.http, peer.account, publication)
    (post,) = await peer.posts()
    assert len(post["fields"]["media"]) == 1
    assert await publisher.find(peer.http, peer.account, publication) == receipt


async def test_something_that_is_no_image_is_refused(connect: Connect) -> None:
    peer = connect("x")
    media = (Media(url=f"{peer.url}/healthz", alt_text="Not an image"),)
    with pytest.raises(Refused, match="application/json"):
        await publisher.publish(
            peer.http, peer.account, peer.publication(Content(content="A dot.", media=media))
        )


async def test_a_timeline_that_may_not_be_seen_is_no_proof_of_absence(connect: Connect) -> None:
    peer = connect("x")
    account = replace(peer.account, platform_user_id="1")
    assert isinstance(await publisher.find(peer.http, account, peer.publication(CONTENT)), CannotTell)


async def test_a_post_is_found_on_a_later_page(connect: Connect) -> None:
    peer = connect("x")
    first = peer.publication(CONTENT)
    post = {"text": "other", "created_at": first.first_attempt_at.isoformat()}
    pages = {
        "": {"data": [{"id": "2", **post}], "meta": {"next_token": "more"}},
        "more": {"data": [{"id": "1", **post, "text": CONTENT.content.replace("&", "&amp;")}], "meta": {}},
    }
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, json=pages[request.url.params.get("pagination_token", "")])
    )
    async with httpx.AsyncClient(transport=transport) as http:
        found = await publisher.find(http, peer.account, first)
    assert isinstance(found, Receipt)
    assert found.platform_post_id == "1"


async def test_on_the_platform_itself_the_page_is_xs(connect: Connect) -> None:
    peer = connect("x")
    transport = httpx.MockTransport(lambda _: httpx.Response(201, json={"data": {"id": "9", "text": "t"}}))
    account = replace(peer.account, base_url="https://api.x.com", username="somebody")
    async with httpx.AsyncClient(transport=transport) as http:
        receipt = await publisher.publish(http, account, peer.publication(CONTENT))
    assert receipt.url == "https://x.com/somebody/status/9"
