"""Instagram's own ways: a container that is kept before it is published, pictures, a day's quota, codes for everything."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import JsonValue

from core.content import Content, Media
from platforms.base import (
    Absent,
    CannotTell,
    Kept,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Reauthorize,
    Receipt,
    Refused,
    Unreachable,
)
from platforms.instagram import PLATFORM

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect, Peer

publisher = PLATFORM.publisher

CONTENT = Content(content="Ein Licht im Dunkeln & mehr. #Licht")

JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)
"""One pixel."""

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


def picture(peer: Peer, query: str = "") -> Media:
    return Media(url=f"{peer.url}/sample.jpg{query}", alt_text="A light")


def graph(answers: Mapping[str, Answer]) -> httpx.AsyncClient:
    """Instagram as a script: by method and the end of the path."""

    def answer(request: httpx.Request) -> httpx.Response:
        key = next(key for key in answers if f"{request.method} {request.url.path}".endswith(key))
        found = answers[key]
        return found(request) if callable(found) else found

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def said(code: int, subcode: int = 0, status: int = 400, **more: JsonValue) -> httpx.Response:
    error = {"message": "In English.", "code": code, "error_subcode": subcode, **more}
    return httpx.Response(status, json={"error": error})


def status(code: str) -> httpx.Response:
    return httpx.Response(200, json={"status_code": code, "status": f"{code}: 2207026"})


async def test_several_pictures_are_waited_for_and_shown(connect: Connect) -> None:
    peer = connect("instagram")
    media = (picture(peer), picture(peer, "?height=700"))
    publication = peer.publication(CONTENT.model_copy(update={"media": media}))
    receipt = await publisher.publish(peer.http, peer.account, publication)
    (post,) = await peer.posts()
    assert post["pictures"] == [each.model_dump() for each in media]
    assert await publisher.find(peer.http, peer.account, publication) == receipt
    assert '<img src="' in (await peer.http.get(receipt.url)).text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/sample.jpg?width=400&height=1200", "it is 400 by 1200, and Instagram shows shapes from 4:5"),
        ("/healthz", "application/json"),
        ("/nothing", "HTTP 404"),
    ],
)
async def test_a_picture_that_cannot_be_used_is_refused_with_the_reason(
    connect: Connect, path: str, words: str
) -> None:
    peer = connect("instagram")
    media = (Media(url=f"{peer.url}{path}", alt_text="A light"),)
    with pytest.raises(Refused, match=words):
        await publisher.publish(
            peer.http, peer.account, peer.publication(CONTENT.model_copy(update={"media": media}))
        )


@pytest.mark.parametrize(("simulated", "words"), [(True, "it is no JPEG"), (False, "by https only")])
async def test_what_only_says_that_it_is_a_jpeg_and_what_instagram_would_not_fetch(
    connect: Connect, simulated: bool, words: str
) -> None:
    peer = connect("instagram")
    none_used = httpx.Response(200, json={"data": [{"quota_usage": 0, "config": {"quota_total": 100}}]})
    png = httpx.Response(200, content=b"\x89PNG", headers={"content-type": "image/jpeg"})
    async with graph({"content_publishing_limit": none_used, "sample.jpg": png}) as http:
        account = replace(peer.account, simulated=simulated)
        with pytest.raises(Refused, match=words):
            await publisher.publish(http, account, peer.publication(CONTENT))


async def test_a_container_that_is_known_is_published_and_no_other_is_made(connect: Connect) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await peer.fault("cut")
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(peer.http, peer.account, publication)
    kept = dict(publication.kept)
    found = await publisher.find(peer.http, peer.account, publication)
    assert found == Absent({**kept, "status": "FINISHED"})
    await peer.fault("server_error", step="draft", count=9)
    await publisher.publish(peer.http, peer.account, publication)
    assert publication.kept == kept
    assert len(await peer.posts()) == 1


async def test_nothing_is_published_that_could_not_be_kept_first(connect: Connect) -> None:
    peer = connect("instagram")

    async def keep(kept: Kept) -> None:
        raise RuntimeError("somebody else has the job")

    publication = replace(peer.publication(CONTENT), keep=keep)
    with pytest.raises(RuntimeError):
        await publisher.publish(peer.http, peer.account, publication)
    assert await peer.posts() == []


async def test_pictures_that_are_prepared_already_are_not_prepared_again(connect: Connect) -> None:
    peer = connect("instagram")
    media = tuple(picture(peer, f"?height={1000 + number}") for number in range(7))
    publication = peer.publication(CONTENT.model_copy(update={"media": media}))
    answers = iter("12345")
    none_used = httpx.Response(200, json={"data": [{"quota_usage": 0, "config": {"quota_total": 100}}]})
    script: dict[str, Answer] = {
        "content_publishing_limit": none_used,
        "sample.jpg": httpx.Response(200, content=JPEG, headers={"content-type": "image/jpeg"}),
        "/media": lambda _: (
            httpx.Response(200, json={"id": made}) if (made := next(answers, "")) else said(2)
        ),
    }
    async with graph(script) as http:
        with pytest.raises(Unreachable):
            await publisher.publish(http, peer.account, publication)
        assert publication.kept == {"children": [*"12345"]}
        answers = iter("67")
        with pytest.raises(Unreachable):
            await publisher.publish(http, peer.account, publication)
    assert publication.kept == {}, "the pictures may be what the carousel failed on"
    await publisher.publish(peer.http, peer.account, publication)
    assert [each["url"] for each in (await peer.posts())[0]["pictures"]] == [each.url for each in media]


@pytest.mark.parametrize("became", ["EXPIRED", "ERROR", None])
async def test_a_container_that_is_lost_is_made_anew(connect: Connect, became: str | None) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await publication.keep({"container": "7"})
    none_used = httpx.Response(200, json={"data": [{"quota_usage": 0, "config": {"quota_total": 100}}]})
    answers: dict[str, Answer] = {
        "/7": status(became) if became else said(100, 33),
        "/8": status("FINISHED"),
        "/9": httpx.Response(200, json={"id": "9", "permalink": "https://www.instagram.com/p/abc/"}),
        "content_publishing_limit": none_used,
        "sample.jpg": httpx.Response(200, content=JPEG, headers={"content-type": "image/jpeg"}),
        "media": httpx.Response(200, json={"id": "8"}),
        "media_publish": httpx.Response(200, json={"id": "9"}),
    }
    async with graph(answers) as http:
        found = await publisher.find(http, peer.account, publication)
        assert isinstance(found, Absent if became else CannotTell)
        receipt = await publisher.publish(http, peer.account, publication)
    assert receipt == Receipt("9", "https://www.instagram.com/p/abc/", {"id": "9"})
    assert publication.kept == {"container": "8"}


async def test_a_picture_that_instagram_fails_on_is_refused_and_one_that_takes_long_is_waited_for(
    connect: Connect,
) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await publication.keep({"container": "7"})
    looks = iter([status("IN_PROGRESS"), status("ERROR")])
    async with graph({"/7": lambda _: next(looks)}) as http:
        with pytest.raises(Refused, match="ERROR: 2207026"):
            await publisher.publish(http, peer.account, publication)
    async with graph({"/7": status("IN_PROGRESS")}) as http:
        with pytest.raises(Unreachable, match="still working"):
            await publisher.find(http, peer.account, publication)


async def test_the_days_quota_is_asked_for_before_anything_is_made(connect: Connect) -> None:
    peer = connect("instagram")
    used_up = httpx.Response(200, json={"data": [{"quota_usage": 50, "config": {"quota_total": 50}}]})
    async with graph({"content_publishing_limit": used_up}) as http:
        with pytest.raises(RateLimited, match="50 of 50") as raised:
            await publisher.publish(http, peer.account, peer.publication(CONTENT))
    assert raised.value.retry_after == 3600


async def test_published_and_not_to_be_found_yet_is_asked_again(connect: Connect) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await publication.keep({"container": "7"})
    pages = {
        None: {"data": [{"id": "1", "caption": "Something else", "timestamp": "2999-01-01T00:00:00+0000"}]},
        "more": {"data": [{"id": "2", "caption": CONTENT.content, "timestamp": "2999-01-01T00:00:00+0000"}]},
    }
    answers: dict[str, Answer] = {
        "/7": status("PUBLISHED"),
        "/media": lambda request: httpx.Response(200, json=pages[request.url.params.get("after")]),
    }
    async with graph(answers) as http:
        with pytest.raises(Unreachable, match="does not list it yet"):
            await publisher.find(http, peer.account, publication)
        pages[None]["paging"] = {"cursors": {"after": "more"}, "next": "https://…"}  # type: ignore[assignment] # JSON
        found = await publisher.find(http, peer.account, publication)
    assert isinstance(found, Receipt)
    assert (found.platform_post_id, found.url) == ("2", f"https://www.instagram.com/{peer.account.username}/")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (said(190, 463), Reauthorize),
        (said(10), Reauthorize),
        (said(200), Reauthorize),
        (said(25, 2207050), Reauthorize),
        (said(4), RateLimited),
        (said(80002), RateLimited),
        (said(9, 2207042), RateLimited),
        (said(4, 2207051), Refused),
        (said(36003, 2207009), Refused),
        (said(100), Refused),
        (said(9007, 2207027), Unreachable),
        (said(24, 2207008), Unreachable),
        (said(2, status=500), OutcomeUnknown),
        (said(2), OutcomeUnknown),
        (said(1, is_transient=True), OutcomeUnknown),
        (httpx.Response(502, text="Bad Gateway"), OutcomeUnknown),
        (httpx.Response(403, text="<html>"), Reauthorize),
        (said(4, status=403), RateLimited),
        (httpx.Response(200, json={"success": True}), OutcomeUnknown),
    ],
)
async def test_each_code_is_one_of_the_five_failures(
    connect: Connect, answer: httpx.Response, failure: type[PlatformError]
) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await publication.keep({"container": "7"})
    async with graph({"/7": status("FINISHED"), "media_publish": answer}) as http:
        with pytest.raises(PlatformError) as raised:
            await publisher.publish(http, peer.account, publication)
    assert type(raised.value) is failure
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after in {60, 3600}


async def test_published_without_a_word_where_is_looked_up_and_not_published_again(connect: Connect) -> None:
    peer = connect("instagram")
    publication = peer.publication(CONTENT)
    await publication.keep({"container": "7"})
    answers: dict[str, Answer] = {
        "/7": status("FINISHED"),
        "media_publish": httpx.Response(200, json={"id": "9"}),
        "/9": said(4),
    }
    async with graph(answers) as http:
        with pytest.raises(OutcomeUnknown, match="has published it"):
            await publisher.publish(http, peer.account, publication)


async def test_what_may_not_be_deleted_is_left_to_a_person(connect: Connect) -> None:
    peer = connect("instagram")
    async with graph({"DELETE /9": said(100, 33), "GET /9": httpx.Response(200, json={"id": "9"})}) as http:
        account = replace(peer.account, base_url="https://graph.instagram.com")
        with pytest.raises(Refused, match="In English"):
            await publisher.unpublish(http, account, "9")
