"""Giving X an image before the post that shows it."""

import httpx
from pydantic import BaseModel

from core.content import Media
from platforms.base import Account
from platforms.images import download
from platforms.sending import parse, send
from platforms.x.policy import IMAGE_MAX_BYTES, IMAGE_TYPES
from platforms.x.session import headers, wait, words


class Uploaded(BaseModel):
    id: str


class Initialized(BaseModel):
    data: Uploaded


async def upload(http: httpx.AsyncClient, account: Account, media: Media) -> str:
    """The media's id. What no post uses is never shown, so an upload may be repeated."""
    image = await download(http, media.url, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    address = f"{account.base_url}/2/media"
    response = await send(
        http,
        "POST",
        f"{address}/upload/initialize",
        words=words,
        wait=wait,
        headers=headers(account),
        json={
            "media_type": image.media_type,
            "media_category": "tweet_gif" if image.media_type == "image/gif" else "tweet_image",
            "total_bytes": len(image.body),
        },
    )
    media_id = parse(response, Initialized).data.id
    await send(
        http,
        "POST",
        f"{address}/upload/{media_id}/append",
        words=words,
        wait=wait,
        headers=headers(account),
        data={"segment_index": "0"},
        files={"media": (image.name, image.body, image.media_type)},
    )
    await send(
        http,
        "POST",
        f"{address}/upload/{media_id}/finalize",
        words=words,
        wait=wait,
        headers=headers(account),
    )
    await send(
        http,
        "POST",
        f"{address}/metadata",
        words=words,
        wait=wait,
        headers=headers(account),
        json={"id": media_id, "metadata": {"alt_text": {"text": media.alt_text}}},
    )
    return media_id
