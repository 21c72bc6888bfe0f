"""Posts with more pictures than one call has time for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.content import Content, Media
from core.simulated import Simulated
from platforms import uploads
from platforms.base import Absent, Kept, Unreachable
from platforms.registry import PLATFORMS, PlatformName

if TYPE_CHECKING:
    from tests.platforms.conftest import Connect


@pytest.mark.parametrize("platform", ["linkedin", "blog"])
async def test_pictures_that_were_brought_are_not_brought_again_and_nothing_is_in_doubt(
    connect: Connect, image_url: str, platform: Simulated
) -> None:
    peer = connect(platform)
    publisher = PLATFORMS[PlatformName(platform)].publisher
    # A member's posts cannot be looked up: whoever says that this one may be out leaves it to a person.
    account = replace(peer.account, platform_user_id=f"urn:li:person:{peer.account.username}")
    pictures = [f"{image_url}?{number}" for number in range(7)]
    content = Content(
        content=" ".join(f"![A dot]({url})" for url in pictures),
        metadata={"title": "Dots"},
        media=tuple(Media(url=url, alt_text="A dot") for url in pictures),
    )
    publication = peer.publication(content)

    async def keep(kept: Kept) -> None:
        await publication.keep(kept)
        await peer.fault("server_error", step="upload")

    with pytest.raises(Unreachable):
        await publisher.publish(peer.http, account, replace(publication, keep=keep))
    brought = uploads.kept(publication)
    assert len(brought) == uploads.AT_ONCE
    assert isinstance(await publisher.find(peer.http, account, publication), Absent)

    await publisher.publish(peer.http, account, publication)
    (post,) = await peer.posts()
    every = uploads.kept(publication)
    assert (len(every), every[: uploads.AT_ONCE]) == (7, brought)
    shown = post["fields"].get("html") or post["fields"]["images"]
    assert all(each in shown for each in every)
