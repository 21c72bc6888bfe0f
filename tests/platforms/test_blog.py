"""Ghost's own ways: a draft first, found again by its job, then one change that makes it public."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import jwt
import pytest

from core.content import Content, Media
from platforms.base import Absent, OutcomeUnknown, Reauthorize, Receipt, Refused, Unreachable
from platforms.blog import PLATFORM
from platforms.blog.publisher import slug
from platforms.blog.session import api, headers

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect, Peer

publisher = PLATFORM.publisher
CONTENT = Content(
    content="# Über Ghost\n\n## Part\n\nWords with **weight**.",
    metadata={"title": "Über Ghost", "excerpt": "In short.", "tags": ["News", "Ghost"]},
)


async def change(peer: Peer, post_id: str, **fields: object) -> httpx.Response:
    """Somebody else edits the post in Ghost."""
    address = f"{api(peer.account)}/posts/{post_id}/?source=html"
    current = (await peer.http.get(address, headers=headers(peer.account))).json()["posts"][0]
    body = {"posts": [{"updated_at": current["updated_at"], **fields}]}
    return await peer.http.put(address, json=body, headers=headers(peer.account))


async def test_everything_that_was_approved_is_published(connect: Connect) -> None:
    peer = connect("blog")
    publication = peer.publication(CONTENT)
    receipt = await publisher.publish(peer.http, peer.account, publication)
    (post,) = await peer.posts()
    fields = post["fields"]
    assert receipt == Receipt(post["id"], post["url"], {"id": post["id"], "url": post["url"]})
    assert fields["title"] == "Über Ghost"
    assert fields["custom_excerpt"] == "In short."
    assert fields["html"] == "<h2>Part</h2>\n<p>Words with <strong>weight</strong>.</p>"
    assert [tag["name"] for tag in fields["tags"]] == ["News", "Ghost", f"#job-{publication.job_id.hex}"]
    assert receipt.url.endswith(f"/uber-ghost-{publication.job_id.hex[-12:]}/")


async def test_a_crash_between_the_draft_and_its_publication(connect: Connect) -> None:
    peer = connect("blog")
    publication = peer.publication(CONTENT)
    await peer.fault("cut")
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(peer.http, peer.account, publication)
    found = await publisher.find(peer.http, peer.account, publication)
    assert isinstance(found, Absent)
    assert found.evidence["draft"] is True
    await publisher.publish(peer.http, peer.account, publication)
    assert len(await peer.posts(None)) == 1


async def test_a_lost_draft_is_found_and_not_made_twice(connect: Connect) -> None:
    peer = connect("blog")
    publication = peer.publication(CONTENT)
    await peer.fault("lost_answer", step="draft")
    with pytest.raises(Unreachable):
        await publisher.publish(peer.http, peer.account, publication)
    await publisher.publish(peer.http, peer.account, publication)
    assert len(await peer.posts(None)) == 1


async def test_words_that_were_changed_in_a_left_draft_do_not_go_out(connect: Connect) -> None:
    peer = connect("blog")
    publication = peer.publication(CONTENT)
    await peer.fault("cut")
    with pytest.raises(OutcomeUnknown):
        await publisher.publish(peer.http, peer.account, publication)
    (draft,) = await peer.posts("draft")
    await change(peer, draft["id"], html="<p>Nobody approved this.</p>", title="Other")
    await publisher.publish(peer.http, peer.account, publication)
    (post,) = await peer.posts()
    assert post["fields"]["title"] == "Über Ghost"
    assert "Nobody" not in post["fields"]["html"]


async def test_an_update_collision_publishes_nothing_and_may_be_repeated(connect: Connect) -> None:
    peer = connect("blog")
    publication = peer.publication(CONTENT)
    await peer.fault("duplicate")
    with pytest.raises(Unreachable, match="changed or deleted"):
        await publisher.publish(peer.http, peer.account, publication)
    assert await peer.posts() == []
    await publisher.publish(peer.http, peer.account, publication)
    assert len(await peer.posts()) == 1


async def test_images_are_brought_to_the_blog(connect: Connect, image_url: str) -> None:
    peer = connect("blog")
    content = Content(
        content=f"Look: ![A dot]({image_url}) and again ![the dot]({image_url})",
        metadata={"title": "Images"},
        media=(Media(url=image_url, alt_text="The cover"),),
    )
    await publisher.publish(peer.http, peer.account, peer.publication(content))
    (post,) = await peer.posts()
    fields = post["fields"]
    ours = f"{peer.account.base_url}/content/images/"
    assert image_url not in fields["html"]
    assert fields["html"].count(ours) == 2
    assert fields["feature_image"].startswith(ours)
    assert fields["feature_image_alt"] == "The cover"
    assert (await peer.http.get(fields["feature_image"])).headers["content-type"] == "image/png"


async def test_a_corrupt_image_is_refused_in_ghosts_words(connect: Connect, image_url: str) -> None:
    peer = connect("blog")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/posts/"):
            return httpx.Response(200, json={"posts": []})
        if request.url.path.endswith("/upload/"):
            return httpx.Response(400, json={"errors": [{"message": "Image processing failed"}]})
        return httpx.Response(200, content=b"broken", headers={"content-type": "image/png"})

    content = Content(content=f"![A dot]({image_url})", metadata={"title": "Images"})
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(Refused, match="Image processing failed"):
            await publisher.publish(http, peer.account, peer.publication(content))


async def test_ghosts_validation_reaches_the_reviewer(connect: Connect) -> None:
    peer = connect("blog")
    content = Content(content="Words.", metadata={"title": "t" * 256})
    with pytest.raises(Refused, match="at most 255"):
        await publisher.publish(peer.http, peer.account, peer.publication(content))


@pytest.mark.parametrize("key", ["", "no-colon", "id:", "id:nothex", ":abcd"])
async def test_a_malformed_key_is_noticed_before_anything_is_sent(connect: Connect, key: str) -> None:
    peer = connect("blog")
    with pytest.raises(Reauthorize, match="id:secret"):
        await publisher.publish(
            peer.http, peer.with_credentials(admin_api_key=key), peer.publication(CONTENT)
        )


async def test_a_blog_that_moved_names_its_new_address(connect: Connect) -> None:
    peer = connect("blog")
    moved = httpx.MockTransport(
        lambda _: httpx.Response(301, headers={"location": "https://new.example.com/"})
    )
    async with httpx.AsyncClient(transport=moved) as http:
        with pytest.raises(Reauthorize, match=r"new\.example\.com"):
            await publisher.publish(http, peer.account, peer.publication(CONTENT))


async def test_an_address_without_a_ghost_is_named(connect: Connect) -> None:
    peer = connect("blog")
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404))) as http:
        with pytest.raises(Reauthorize, match="There is no Ghost at"):
            await publisher.identify(http, peer.account)


@pytest.mark.parametrize(
    ("title", "start"),
    [
        ("Hello, World!", "hello-world-"),
        ("日本語", "post-"),
        ("Crème brûlée", "creme-brulee-"),
        ("x" * 300, "x" * 60 + "-"),
    ],
)
def test_slugs_are_deterministic_and_plain(title: str, start: str) -> None:
    job = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert slug(title, job) == f"{start}b302099a8057"


async def test_a_token_is_made_by_ghosts_clock_when_it_does_not_take_ours(connect: Connect) -> None:
    """A machine whose clock is wrong must not look like an account whose key is."""
    asked: list[bool] = []

    def ghost(request: httpx.Request) -> httpx.Response:
        theirs = time.time() + 3600
        token = jwt.decode(request.headers["authorization"].split()[1], options={"verify_signature": False})
        asked.append(abs(token["iat"] - theirs) < 60)
        date = {"date": formatdate(theirs, usegmt=True)}
        return httpx.Response(200 if asked[-1] else 401, headers=date, json={"posts": []})

    peer = connect("blog")
    async with httpx.AsyncClient(transport=httpx.MockTransport(ghost)) as http:
        assert isinstance(await publisher.find(http, peer.account, peer.publication(CONTENT)), Absent)
    assert asked == [False, True]
