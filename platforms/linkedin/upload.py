"""Giving LinkedIn an image before the post that shows it."""

import httpx
from pydantic import BaseModel, Field

from core.content import Media
from platforms.base import Account
from platforms.images import download
from platforms.linkedin.policy import IMAGE_MAX_BYTES, IMAGE_TYPES
from platforms.linkedin.session import ask, headers, words
from platforms.sending import parse, send


class Slot(BaseModel):
    url: str = Field(alias="uploadUrl")
    image: str


class Initialized(BaseModel):
    value: Slot


async def upload(http: httpx.AsyncClient, account: Account, picture: Media) -> str:
    """The image's URN. An upload that no post uses is never shown, so it may be repeated."""
    image = await download(http, picture.url, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    wanted = {"initializeUploadRequest": {"owner": account.platform_user_id}}
    response = await ask(http, account, "POST", "rest/images?action=initializeUpload", json=wanted)
    slot = parse(response, Initialized).value
    await send(
        http,
        "PUT",
        slot.url,
        words=words,
        headers={"Authorization": headers(account)["Authorization"], "Content-Type": image.media_type},
        content=image.body,
    )
    return slot.image
