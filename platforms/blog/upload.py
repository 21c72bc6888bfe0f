"""Bringing an article's images to the blog that shows them."""

from typing import Annotated

import httpx
from pydantic import BaseModel, Field

from platforms.base import Account
from platforms.blog.policy import IMAGE_MAX_BYTES, IMAGE_TYPES
from platforms.blog.session import api, ask
from platforms.images import download
from platforms.sending import parse


class Hosted(BaseModel):
    url: str


class Uploaded(BaseModel):
    images: Annotated[list[Hosted], Field(min_length=1)]


async def rehost(http: httpx.AsyncClient, account: Account, address: str) -> str:
    """The image's address on the blog; one that is there already stays."""
    if address.startswith(f"{account.base_url}/"):
        return address
    image = await download(http, address, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    response = await ask(
        http,
        account,
        "POST",
        f"{api(account)}/images/upload/",
        data={"purpose": "image", "ref": address[:2000]},
        files={"file": (image.name, image.body, image.media_type)},
    )
    return parse(response, Uploaded).images[0].url
