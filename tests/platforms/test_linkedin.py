"""LinkedIn's own ways: members who may not be read, duplicates that name an id, versions, images."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from core.content import Content, Media
from platforms.base import (
    Absent,
    Account,
    CannotTell,
    OutcomeUnknown,
    Reauthorize,
    Receipt,
    Refused,
)
from platforms.linkedin import PLATFORM

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect, Peer

publisher = PLATFORM.publisher
CONTENT = Content(content="Something (worth) saying.")


def as_member(account: Account) -> Account:
    return replace(account, platform_user_id=f"urn:li:person:{account.username}")


async def test_a_members_post_cannot_be_looked_up(connect: Connect) -> None:
    peer = connect("linkedin")
    member, publication = as_member(peer.account), peer.publication(CONTENT)
    await peer.fault("lost_answer")
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(peer.http, member, publication)
    found = await publisher.find(peer.http, member, publication)
    assert isinstance(found, CannotTell)
    assert "permissions" in found.reason


async def test_a_members_duplicate_is_left_to_a_person(connect: Connect) -> None:
    peer = connect("linkedin")
    member, publication = as_member(peer.account), peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, member, publication)
    with pytest.raises(OutcomeUnknown, match=receipt.platform_post_id):
        await publisher.publish(peer.http, member, publication)
    assert len(await peer.posts()) == 1


async def test_an_organisations_duplicate_is_confirmed_by_reading_it(connect: Connect) -> None:
    peer = connect("linkedin")
    publication = peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, peer.account, publication)
    assert await publisher.publish(peer.http, peer.account, publication) == receipt


async def test_somebodys_older_post_with_the_same_words_is_not_ours(connect: Connect) -> None:
    peer = connect("linkedin")
    await publisher.publish(peer.http, peer.account, peer.publication(CONTENT))
    publication = peer.publication(CONTENT)
    later = replace(publication, first_attempt_at=publication.first_attempt_at + timedelta(minutes=5))
    with pytest.raises(Refused, match="duplicate"):
        await publisher.publish(peer.http, peer.account, later)
    assert isinstance(await publisher.find(peer.http, peer.account, later), Absent)


async def test_a_post_is_found_among_many(connect: Connect) -> None:
    peer = connect("linkedin")
    first = peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, peer.account, first)
    for number in range(60):
        await publisher.publish(peer.http, peer.account, peer.publication(Content(content=f"Post {number}")))
    assert await publisher.find(peer.http, peer.account, first) == receipt


async def test_a_version_that_is_sunset_is_refused_for_good(connect: Connect) -> None:
    peer = connect("linkedin")
    account = replace(peer.account, metadata={"api_version": "202401"})
    with pytest.raises(Refused, match="202401 is not active"):
        await publisher.publish(peer.http, account, peer.publication(CONTENT))


async def test_the_platforms_own_words_reach_the_reviewer(connect: Connect) -> None:
    peer = connect("linkedin")
    with pytest.raises(Refused, match="longer than 3000 characters"):
        await publisher.publish(peer.http, peer.account, peer.publication(Content(content="x" * 3001)))


async def test_another_author_is_not_ours_to_post_for(connect: Connect) -> None:
    peer = connect("linkedin")
    account = replace(peer.account, platform_user_id="urn:li:organization:somebody-else")
    with pytest.raises(Reauthorize):
        await publisher.publish(peer.http, account, peer.publication(CONTENT))


@pytest.mark.parametrize("count", [1, 3])
async def test_images_go_first(connect: Connect, image_url: str, count: int) -> None:
    peer = connect("linkedin")
    media = tuple(Media(url=image_url, alt_text=f"A dot {n}") for n in range(count))
    content = Content(content="With images.", media=media)
    await publisher.publish(peer.http, peer.account, peer.publication(content))
    (post,) = await peer.posts()
    assert len(post["fields"]["images"]) == count


async def test_a_lost_image_posts_nothing(connect: Connect, image_url: str) -> None:
    peer = connect("linkedin")
    gone = Content(content="With an image.", media=(Media(url=f"{image_url}.gone", alt_text="A dot"),))
    with pytest.raises(Refused, match="HTTP 404"):
        await publisher.publish(peer.http, peer.account, peer.publication(gone))
    assert await peer.posts() == []


async def test_a_member_is_identified_without_an_organisation(connect: Connect) -> None:
    peer = connect("linkedin")
    identity = await publisher.identify(peer.http, peer.with_credentials(organization=""))
    assert identity.platform_user_id == f"urn:li:person:{peer.account.username}"


async def test_an_organisation_may_be_given_by_its_number(connect: Connect) -> None:
    peer = connect("linkedin")
    identity = await publisher.identify(peer.http, peer.with_credentials(organization=peer.account.username))
    assert identity.platform_user_id == peer.account.platform_user_id


async def test_an_unknown_organisation_is_named(connect: Connect) -> None:
    peer = connect("linkedin")
    with pytest.raises(Reauthorize, match="no organisation 42"):
        await publisher.identify(peer.http, peer.with_credentials(organization="urn:li:organization:42"))


async def test_an_answer_without_an_id_leaves_the_outcome_open(connect: Connect) -> None:
    peer = connect("linkedin")
    transport = httpx.MockTransport(lambda _: httpx.Response(201))
    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(OutcomeUnknown):
            await publisher.publish(http, peer.account, peer.publication(CONTENT))


async def test_on_the_platform_itself_the_page_is_linkedins(connect: Connect) -> None:
    peer: Peer = connect("linkedin")
    transport = httpx.MockTransport(lambda _: httpx.Response(201, headers={"x-restli-id": "urn:li:share:1"}))
    account = replace(peer.account, base_url="https://api.linkedin.com")
    async with httpx.AsyncClient(transport=transport) as http:
        receipt = await publisher.publish(http, account, peer.publication(CONTENT))
    assert receipt == Receipt(
        "urn:li:share:1", "https://www.linkedin.com/feed/update/urn:li:share:1", {"id": "urn:li:share:1"}
    )
