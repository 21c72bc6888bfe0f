"""The Ghost adapter against a real Ghost: what the simulator says must be so."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.content import Content, Media
from platforms.base import Absent, OutcomeUnknown, Publication, Reauthorize, Receipt, Refused, Unreachable
from platforms.blog import PLATFORM
from platforms.blog.session import api, headers
from tests.plugins.publications import publication_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.conftest import Ghost

pytestmark = [pytest.mark.ghost, pytest.mark.asyncio]
publisher = PLATFORM.publisher
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)


def publication(
    title: str, content: str = "## Part\n\nWords with **weight** <script>alert(1)</script>."
) -> Publication:
    metadata: dict[str, Any] = {"title": title, "excerpt": "In short.", "tags": ["News"]}
    return publication_of(Content(content=content, metadata=metadata))


async def posts(http: httpx.AsyncClient, ghost: Ghost, of: Publication) -> list[dict[str, Any]]:
    query = f"filter=tag:hash-job-{of.job_id.hex}&formats=html&include=tags"
    response = await http.get(f"{api(ghost.account)}/posts/?{query}", headers=headers(ghost.account))
    found: list[dict[str, Any]] = response.raise_for_status().json()["posts"]
    return found


class Interrupted(httpx.AsyncBaseTransport):
    """Loses the answers, or the requests, that `loses` picks; the rest goes to the real Ghost."""

    def __init__(
        self, inner: httpx.AsyncClient, loses: Callable[[httpx.Request], bool], *, sent: bool
    ) -> None:
        self._inner = inner
        self._loses = loses
        self._sent = sent

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        lost = self._loses(request)
        if lost and not self._sent:
            raise httpx.ReadError("connection reset", request=request)
        await request.aread()
        answer = await self._inner.send(
            self._inner.build_request(
                request.method, request.url, headers=request.headers, content=request.content
            )
        )
        if lost:
            raise httpx.ReadError("connection reset", request=request)
        return httpx.Response(
            answer.status_code, headers={"content-type": "application/json"}, content=answer.content
        )


def is_put(request: httpx.Request) -> bool:
    return request.method == "PUT"


async def test_the_key_tells_whose_blog_it_is(http: httpx.AsyncClient, ghost: Ghost) -> None:
    identity = await publisher.identify(http, ghost.account)
    assert identity.platform_user_id == ghost.url
    assert identity.display_name == "Real"


async def test_publish_and_take_back(http: httpx.AsyncClient, ghost: Ghost) -> None:
    wanted = publication("Über Ghost")
    receipt = await publisher.publish(http, ghost.account, wanted)
    page = await http.get(receipt.url)
    assert page.status_code == 200
    assert "Words with <strong>weight</strong>" in page.text
    assert "<script>alert(1)" not in page.text
    (post,) = await posts(http, ghost, wanted)
    assert (post["status"], post["title"], post["custom_excerpt"]) == ("published", "Über Ghost", "In short.")
    assert post["slug"] == f"uber-ghost-{wanted.job_id.hex[-12:]}"
    assert {tag["visibility"] for tag in post["tags"] if tag["name"].startswith("#job-")} == {"internal"}
    assert await publisher.find(http, ghost.account, wanted) == receipt
    assert await publisher.publish(http, ghost.account, wanted) == receipt

    await publisher.unpublish(http, ghost.account, receipt.platform_post_id)
    await publisher.unpublish(http, ghost.account, receipt.platform_post_id)
    assert (await http.get(receipt.url)).status_code == 404
    await http.delete(
        f"{api(ghost.account)}/posts/{receipt.platform_post_id}/", headers=headers(ghost.account)
    )
    await publisher.unpublish(http, ghost.account, receipt.platform_post_id)


async def test_a_crash_between_create_and_publish(http: httpx.AsyncClient, ghost: Ghost) -> None:
    wanted = publication("Interrupted")
    async with httpx.AsyncClient(transport=Interrupted(http, is_put, sent=False)) as breaking:
        with pytest.raises(OutcomeUnknown):
            await publisher.publish(breaking, ghost.account, wanted)
    found = await publisher.find(http, ghost.account, wanted)
    assert isinstance(found, Absent)
    assert found.evidence["draft"] is True
    receipt = await publisher.publish(http, ghost.account, wanted)
    (post,) = await posts(http, ghost, wanted)
    assert (post["status"], post["url"]) == ("published", receipt.url)
    assert "<strong>weight</strong>" in post["html"]
    assert (await http.get(receipt.url)).status_code == 200


async def test_a_lost_answer_to_the_publication_is_found(http: httpx.AsyncClient, ghost: Ghost) -> None:
    wanted = publication("Answer lost")
    async with httpx.AsyncClient(transport=Interrupted(http, is_put, sent=True)) as breaking:
        with pytest.raises(OutcomeUnknown):
            await publisher.publish(breaking, ghost.account, wanted)
    assert isinstance(await publisher.find(http, ghost.account, wanted), Receipt)
    await publisher.publish(http, ghost.account, wanted)
    assert len(await posts(http, ghost, wanted)) == 1


def meddled_with(
    http: httpx.AsyncClient, ghost: Ghost, wanted: Publication, after: float
) -> httpx.AsyncClient:
    """A client before whose PUT somebody edits the draft, `after` seconds."""

    async def meddle(request: httpx.Request) -> None:
        if is_put(request):
            await asyncio.sleep(after)
            (draft,) = await posts(http, ghost, wanted)
            change = {"title": "Meddled", "html": "<p>No.</p>", "updated_at": draft["updated_at"]}
            await http.put(
                f"{api(ghost.account)}/posts/{draft['id']}/?source=html",
                json={"posts": [change]},
                headers=headers(ghost.account),
            )

    through = Interrupted(http, lambda _: False, sent=True)
    return httpx.AsyncClient(transport=through, event_hooks={"request": [meddle]})


async def test_an_update_collision(http: httpx.AsyncClient, ghost: Ghost) -> None:
    """Somebody edits the draft between our look and our PUT."""
    wanted = publication("Collision")
    async with meddled_with(http, ghost, wanted, after=1.1) as meddled:
        with pytest.raises(Unreachable):
            await publisher.publish(meddled, ghost.account, wanted)
    (draft,) = await posts(http, ghost, wanted)
    assert (draft["status"], draft["title"]) == ("draft", "Meddled")
    await publisher.publish(http, ghost.account, wanted)
    (post,) = await posts(http, ghost, wanted)
    assert (post["status"], post["title"]) == ("published", "Collision")
    assert "No." not in post["html"]


async def test_an_edit_that_ghost_does_not_notice_does_not_go_out(
    http: httpx.AsyncClient, ghost: Ghost
) -> None:
    """Its times are whole seconds: within the second of the draft's creation there is no collision."""
    wanted = publication("Unnoticed")
    async with meddled_with(http, ghost, wanted, after=0) as meddled:
        with contextlib.suppress(Unreachable):  # where the second passed meanwhile
            await publisher.publish(meddled, ghost.account, wanted)
    await publisher.publish(http, ghost.account, wanted)
    (post,) = await posts(http, ghost, wanted)
    assert (post["status"], post["title"]) == ("published", "Unnoticed")
    assert "No." not in post["html"]


async def test_images_are_rehosted(http: httpx.AsyncClient, ghost: Ghost) -> None:
    elsewhere = "https://images.example.com/dot.png"

    class WithImage(Interrupted):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if str(request.url) == elsewhere:
                return httpx.Response(200, content=PNG, headers={"content-type": "image/png"})
            return await super().handle_async_request(request)

    content = Content(
        content=f"A picture: ![A dot]({elsewhere})",
        metadata={"title": "Images"},
        media=(Media(url=elsewhere, alt_text="The cover"),),
    )
    wanted = publication_of(content)
    async with httpx.AsyncClient(transport=WithImage(http, lambda _: False, sent=True)) as client:
        receipt = await publisher.publish(client, ghost.account, wanted)
    (post,) = await posts(http, ghost, wanted)
    ours = f"{ghost.url}/content/images/"
    assert post["feature_image"].startswith(ours)
    assert post["feature_image_alt"] == "The cover"
    assert elsewhere not in post["html"]
    assert f'<img src="{ours}' in post["html"]
    assert (await http.get(post["feature_image"])).content.startswith(b"\x89PNG")
    assert 'alt="A dot"' in (await http.get(receipt.url)).text


async def test_a_refusal_comes_in_ghosts_words(http: httpx.AsyncClient, ghost: Ghost) -> None:
    with pytest.raises(Refused, match="255"):
        await publisher.publish(http, ghost.account, publication("t" * 256))


@pytest.mark.parametrize("part", ["id", "secret"])
async def test_a_wrong_key(http: httpx.AsyncClient, ghost: Ghost, part: str) -> None:
    key_id, _, secret = ghost.admin_api_key.partition(":")
    key = f"{'0' * 24}:{secret}" if part == "id" else f"{key_id}:{'0' * 64}"
    account = type(ghost)(ghost.url, key).account
    with pytest.raises(Reauthorize):
        await publisher.publish(http, account, publication("Never"))
    with pytest.raises(Reauthorize):
        await publisher.identify(http, account)
