"""Preparing a post: the day's quota, the pictures, and the container that holds them. Nothing of it is public, and what
is not published goes by itself after 24 hours."""

from typing import Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from core.content import Content, Media
from platforms.base import Account, RateLimited, Refused
from platforms.images import download
from platforms.instagram.policy import IMAGE_MAX_BYTES, IMAGE_TYPES
from platforms.instagram.session import QUOTA_SECONDS, call
from platforms.sending import parse

JPEG: Final = b"\xff\xd8\xff"


class Created(BaseModel):
    id: str


class Config(BaseModel):
    quota_total: int


class Usage(BaseModel):
    quota_usage: int
    config: Config | None = None


class Limit(BaseModel):
    data: list[Usage]


async def create(http: httpx.AsyncClient, account: Account, content: Content) -> str:
    """The container's id. Raises RateLimited when the day's posts are used up, Refused for what is no JPEG."""
    await _check_quota(http, account)
    for media in content.media:
        await _check_picture(http, account, media)
    match content.media:
        case ():
            raise Refused("Instagram takes no post without a picture.")
        case (picture,):
            return await _container(http, account, {**_picture(picture), "caption": content.content})
        case pictures:
            children = [
                await _container(http, account, {**_picture(picture), "is_carousel_item": "true"})
                for picture in pictures
            ]
            carousel = {"media_type": "CAROUSEL", "children": ",".join(children)}
            return await _container(http, account, {**carousel, "caption": content.content})


async def _container(http: httpx.AsyncClient, account: Account, fields: dict[str, str]) -> str:
    path = f"{quote(account.platform_user_id, safe='')}/media"
    return parse(await call(http, account, "POST", path, data=fields), Created).id


async def _check_quota(http: httpx.AsyncClient, account: Account) -> None:
    path = f"{quote(account.platform_user_id, safe='')}/content_publishing_limit?fields=quota_usage,config"
    for usage in parse(await call(http, account, "GET", path), Limit).data:
        if usage.config is not None and usage.quota_usage >= usage.config.quota_total:
            detail = f"{usage.quota_usage} of {usage.config.quota_total} posts of these 24 hours are used up."
            raise RateLimited(detail, QUOTA_SECONDS)


async def _check_picture(http: httpx.AsyncClient, account: Account, picture: Media) -> None:
    """Instagram fetches it itself, and says little of what it cannot use."""
    if not (account.simulated or picture.url.lower().startswith("https://")):
        raise Refused(f"The image {picture.url} cannot be used: Instagram fetches it by https only.")
    image = await download(http, picture.url, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    if not image.body.startswith(JPEG):
        raise Refused(f"The image {picture.url} cannot be used: it is no JPEG, whatever its type says.")


def _picture(picture: Media) -> dict[str, str]:
    return {"image_url": picture.url, "alt_text": picture.alt_text}
