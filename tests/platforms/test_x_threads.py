"""Posts on X of several parts: one chain, whatever cuts it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from core.content import Content, Media
from platforms.base import Absent, Kept, OutcomeUnknown, Receipt, Refused, Unreachable
from platforms.x import platform
from platforms.x.session import headers

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect, Peer

THREAD = Content(content="Our tea is stronger.\n---\nIt took 3 years.\n---\nSee example.com for how.")

thread_publisher = platform(threads=True).publisher


async def chain(peer: Peer) -> list[str]:
    """What is out, from first to last, each a reply to the one before it."""
    posts = list(reversed(await peer.posts()))
    assert [post["fields"]["reply_to"] for post in posts] == [None, *(post["id"] for post in posts[:-1])]
    return [post["text"] for post in posts]


async def test_a_thread_is_one_chain_with_one_receipt(connect: Connect, image_url: str) -> None:
    peer = connect("x")
    media = (Media(url=image_url, alt_text="A red dot"),)
    publication = peer.publication(THREAD.model_copy(update={"media": media}))
    receipt = await thread_publisher.publish(peer.http, peer.account, publication)
    assert await chain(peer) == ["Our tea is stronger.", "It took 3 years.", "See example.com for how."]
    posts = list(reversed(await peer.posts()))
    assert [len(post["fields"]["media"]) for post in posts] == [1, 0, 0]
    assert receipt.platform_post_id == posts[0]["id"]
    assert receipt.response["parts"] == [post["id"] for post in posts]
    assert publication.kept == {"parts": receipt.response["parts"][:2]}
    found = await thread_publisher.find(peer.http, peer.account, publication)
    assert found == receipt
    assert isinstance(found, Receipt)
    assert not found.by_words, "its parts were kept"


@pytest.mark.parametrize("kind", ["lost_answer", "cut"])
@pytest.mark.parametrize("survived", [0, 1, 2])
async def test_a_thread_goes_on_where_it_stopped(connect: Connect, kind: str, survived: int) -> None:
    peer = connect("x")
    texts = THREAD.content.split("\n---\n")
    publication = peer.publication(THREAD)
    for text in texts[:survived]:  # posted and kept by an earlier call, which something ended
        body = {"text": text, **_reply(publication.kept)}
        address = f"{peer.account.base_url}/2/tweets"
        answer = await peer.http.post(address, json=body, headers=headers(peer.account))
        await publication.keep({"parts": [*_ids(publication.kept), answer.json()["data"]["id"]]})
    await peer.fault(kind)
    with pytest.raises(OutcomeUnknown):
        await thread_publisher.publish(peer.http, peer.account, publication)
    found = await thread_publisher.find(peer.http, peer.account, publication)
    out = survived + (kind == "lost_answer")
    if out == len(texts):
        assert isinstance(found, Receipt)
    else:
        assert isinstance(found, Absent)
        assert len(_ids(publication.kept)) == out
    await thread_publisher.publish(peer.http, peer.account, publication)
    assert await chain(peer) == texts


def _ids(kept: Kept) -> list[str]:
    ids = kept.get("parts", [])
    assert isinstance(ids, list)
    return [str(each) for each in ids]


def _reply(kept: Kept) -> dict[str, object]:
    ids = _ids(kept)
    return {"reply": {"in_reply_to_tweet_id": ids[-1]}} if ids else {}


async def test_when_a_part_is_refused_those_before_it_are_taken_back(connect: Connect) -> None:
    peer = connect("x")
    publication = peer.publication(Content(content=f"{THREAD.content}\n---\nIt took 3 years."))
    with pytest.raises(Refused, match=r"Part 4: .*duplicate content.* were taken back"):
        await thread_publisher.publish(peer.http, peer.account, publication)
    assert await peer.posts() == []
    assert publication.kept == {}


@pytest.mark.parametrize(("listed", "failure"), [(["1"], Unreachable), ([], Refused)])
async def test_a_part_that_x_does_not_know_everywhere_yet_is_no_reason_to_take_it_back(
    connect: Connect, listed: list[str], failure: type[Exception]
) -> None:
    """Where it is gone, somebody has deleted it."""
    peer = connect("x")
    publication = peer.publication(THREAD)
    now = publication.first_attempt_at.isoformat()
    hidden = {"detail": "You attempted to reply to a Tweet that is deleted or not visible to you."}
    posts = iter([httpx.Response(201, json={"data": {"id": "1"}}), httpx.Response(403, json=hidden)])

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return next(posts)
        if request.method == "DELETE":
            return httpx.Response(200, json={"data": {"deleted": True}})
        return httpx.Response(
            200, json={"data": [{"id": each, "text": "Our", "created_at": now} for each in listed]}
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(failure, match="not visible to you"):
            await thread_publisher.publish(http, peer.account, publication)
    assert _ids(publication.kept) == listed


async def test_parts_that_cannot_be_taken_back_are_named(connect: Connect) -> None:
    peer = connect("x")
    publication = peer.publication(Content(content="One.\n---\nOne."))
    await peer.fault("server_error", step="remove")
    with pytest.raises(Refused, match=r"Part 2: .* could not be taken back .*/status/\d+"):
        await thread_publisher.publish(peer.http, peer.account, publication)
    assert len(_ids(publication.kept)) == 1


@pytest.mark.parametrize(
    ("threads", "text", "expected"),
    [
        (True, "One.\n---\nTwo.", []),
        (True, "a" * 280 + "\n---\n" + "b" * 280, []),
        (True, "a" * 280 + "\n---\n" + "b" * 281, ["too_long"]),
        (False, "a" * 280 + "\n---\n" + "b" * 280, ["too_long"]),
        (True, "One.\n---\n \n---\nTwo.", ["empty"]),
        (True, "One.\n---\n$TSLA\n---\n$AAPL", []),
        (True, "One.\n---\n$TSLA $AAPL", ["too_many_cashtags"]),
        (True, "\n---\n".join("abcdefghijklmnopqrstuvwxy"), []),
        (True, "\n---\n".join("abcdefghijklmnopqrstuvwxyz"), ["too_many_parts"]),
        (True, "A table:\n--- | ---", []),
        (True, "One.\r\n --- \r\nTwo.", []),
        (True, "One.\n---", ["empty"]),
        (True, "---\nOne.", ["empty"]),
    ],
)
def test_each_part_has_the_limit_of_a_post(threads: bool, text: str, expected: list[str]) -> None:
    violations = platform(threads=threads).policy.violations(Content(content=text))
    assert [each.code for each in violations] == expected
    if "too_long" in expected and threads:
        assert violations[0].message.startswith("Part 2: 281 ")


def test_a_thread_is_shown_counted_and_priced_part_by_part() -> None:
    shown = platform(threads=True).preview(THREAD)
    assert (shown["kind"], shown["parts"], shown["cost_usd"]) == ("thread", [260, 264, 244], "0.230")
    assert platform(threads=False).preview(THREAD)["kind"] == "post"
    loose = Content(content=THREAD.content.replace("\n---\n", "\r\n--- \r\n"))
    assert platform(threads=True).preview(loose) == shown, "however it was typed"
