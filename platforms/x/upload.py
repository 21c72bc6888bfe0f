"""Giving X an image before the post that shows it."""

import httpx
from pydantic import BaseModel

from core.content import Media
from platforms.base import Account
from platforms.images import download
from platforms.sending import parse
from platforms.x.policy import IMAGE_MAX_BYTES, IMAGE_TYPES
from platforms.x.session import ask


class Uploaded(BaseModel):
    id: str


class Initialized(BaseModel):
    data: Uploaded


async def upload(http: httpx.AsyncClient, account: Account, media: Media) -> str:
    """The media's id. What no post uses is never shown, so an upload may be repeated."""
    image = await download(http, media.url, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    announced = {
        "media_type": image.media_type,
        "media_category": "tweet_gif" if image.media_type == "image/gif" else "tweet_image",
        "total_bytes": len(image.body),
    }
    response = await ask(http, account, "POST", "media/upload/initialize", json=announced)
    media_id = parse(response, Initialized).data.id
    segment = {"media": (image.name, image.body, image.media_type)}
    path = f"media/upload/{media_id}"
    await ask(http, account, "POST", f"{path}/append", data={"segment_index": "0"}, files=segment)
    await ask(http, account, "POST", f"{path}/finalize")
    described = {"id": media_id, "metadata": {"alt_text": {"text": media.alt_text}}}
    await ask(http, account, "POST", "media/metadata", json=described)
    return media_id
