"""Preparing a post: the day's quota, the pictures, and the container that holds them. Nothing of it is public, and what
is not published goes by itself after 24 hours."""

import httpx
from pydantic import BaseModel

from core.content import Media
from platforms.base import Account, PlatformError, Publication, RateLimited, Refused
from platforms.images import download, size
from platforms.instagram.policy import IMAGE_MAX_BYTES, IMAGE_SHAPES, IMAGE_TYPES
from platforms.instagram.session import QUOTA_SECONDS, call, me
from platforms.sending import parse
from platforms.uploads import upload


class Created(BaseModel):
    id: str


class Config(BaseModel):
    quota_total: int


class Usage(BaseModel):
    quota_usage: int
    config: Config | None = None


class Limit(BaseModel):
    data: list[Usage]


async def create(http: httpx.AsyncClient, account: Account, publication: Publication) -> str:
    """The container's id. Raises RateLimited when the day's posts are used up, Refused for what is no JPEG."""
    await _check_quota(http, account)
    caption = {"caption": publication.content.content}
    match publication.content.media:
        case ():
            raise Refused("Instagram takes no post without a picture.")
        case (picture,):
            return await _with_picture(http, account, picture, caption)
        case _:
            children = await _children(http, account, publication)
            carousel = {"media_type": "CAROUSEL", "children": ",".join(children), **caption}
            try:
                return await _container(http, account, carousel)
            except PlatformError:
                await publication.keep({})  # the children may be what is wrong: those of yesterday are gone
                raise


async def _children(http: httpx.AsyncClient, account: Account, publication: Publication) -> list[str]:
    """Instagram fetches a picture before it answers."""

    async def child(picture: Media) -> str:
        return await _with_picture(http, account, picture, {"is_carousel_item": "true"})

    return await upload(publication, publication.content.media, child, "children")


async def _with_picture(
    http: httpx.AsyncClient, account: Account, picture: Media, fields: dict[str, str]
) -> str:
    await _check_picture(http, account, picture)
    return await _container(http, account, {"image_url": picture.url, "alt_text": picture.alt_text, **fields})


async def _container(http: httpx.AsyncClient, account: Account, fields: dict[str, str]) -> str:
    return parse(await call(http, account, "POST", f"{me(account)}/media", data=fields), Created).id


async def _check_quota(http: httpx.AsyncClient, account: Account) -> None:
    path = f"{me(account)}/content_publishing_limit?fields=quota_usage,config"
    for usage in parse(await call(http, account, "GET", path), Limit).data:
        if usage.config is not None and usage.quota_usage >= usage.config.quota_total:
            detail = f"{usage.quota_usage} of {usage.config.quota_total} posts of these 24 hours are used up."
            raise RateLimited(detail, QUOTA_SECONDS)


async def _check_picture(http: httpx.AsyncClient, account: Account, picture: Media) -> None:
    """Instagram fetches it itself, and says little of what it cannot use."""
    if not (account.simulated or picture.url.lower().startswith("https://")):
        raise Refused(f"The image {picture.url} cannot be used: Instagram fetches it by https only.")
    image = await download(http, picture.url, media_types=IMAGE_TYPES, max_bytes=IMAGE_MAX_BYTES)
    found = size(image.body, IMAGE_TYPES)
    if found is None:
        raise Refused(f"The image {picture.url} cannot be used: it is no JPEG, whatever its type says.")
    if not IMAGE_SHAPES.take(*found):
        shape = "{} by {}, and Instagram shows shapes from {}".format(*found, IMAGE_SHAPES.named)
        raise Refused(f"The image {picture.url} cannot be used: it is {shape}. Crop it.")
