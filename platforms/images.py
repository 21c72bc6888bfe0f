"""Fetching the images of a post, so that they can be given to the platform, and how large they are."""

from collections.abc import Collection
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from typing import Final

import httpx

from core.errors import ProofroomError
from core.http import fetch
from platforms.base import Refused, Unreachable

_SUFFIX: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
}


@dataclass(frozen=True, slots=True)
class Image:
    name: str
    """A file name that fits the type."""
    media_type: str
    body: bytes = field(repr=False)


async def download(
    http: httpx.AsyncClient, url: str, *, media_types: Collection[str], max_bytes: int
) -> Image:
    """Raises Refused when the image cannot be used, Unreachable when its host does not answer."""
    try:
        fetched = await fetch(http, url, max_bytes=max_bytes, media_types=media_types, accept="image/*")
    except ProofroomError as error:
        raise Refused(
            " ".join(filter(None, ("An image cannot be used.", error.detail, error.remedy)))
        ) from error
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        failure = Unreachable if status >= 500 or status == 429 else Refused
        raise failure(f"The image {url} cannot be fetched: HTTP {status}.") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise Refused(f"The image {url} cannot be fetched: {error}") from error
    except httpx.HTTPError as error:
        raise Unreachable(
            f"The image {url} cannot be fetched: {str(error) or type(error).__name__}"
        ) from error
    stem = PurePosixPath(httpx.URL(fetched.url).path).stem or "image"
    suffix = _SUFFIX.get(fetched.media_type, "")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in stem)[:60]
    return Image(f"{safe}{suffix}", fetched.media_type, fetched.body)


def size(body: bytes, media_types: Collection[str]) -> tuple[int, int] | None:
    """Width and height in pixels, of which only the head is read; None when it is no picture of these types."""
    from PIL import Image  # 30 ms and 4 MB, which processes that publish nothing need not spend

    formats = [each.removeprefix("image/").upper() for each in media_types]
    try:
        with Image.open(BytesIO(body), formats=formats) as image:
            return image.size
    except (OSError, Image.DecompressionBombError):
        return None
