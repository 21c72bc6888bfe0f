"""Style sheets and scripts. Their addresses change with their content, so that browsers keep them for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import ConfigurationError

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).parent / "static"
_NEEDED: Final = "vendor/tus.min.js"
"""The youngest of them: older checkouts lack it."""
_PACKABLE: Final = ("text/", "image/svg")


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    body: bytes
    packed: bytes | None


@dataclass(frozen=True, slots=True)
class Assets:
    version: str
    """Of all of them: modules name each other by relative paths."""
    files: dict[str, Asset]


@cache
def assets() -> Assets:
    """Read once. Raises ConfigurationError where the browser's libraries are missing."""
    if not (_FOLDER / _NEEDED).exists():
        raise ConfigurationError(
            "The browser's libraries are not there (web/static/vendor).", remedy="Run `make setup`."
        )
    found = {
        path.relative_to(_FOLDER).as_posix(): path.read_bytes()
        for path in sorted(_FOLDER.rglob("*"))
        if path.is_file()
    }
    digest = hashlib.sha256()
    for name, body in found.items():
        digest.update(name.encode() + b"\0" + body)
    return Assets(digest.hexdigest()[:12], {name: _asset(name, body) for name, body in found.items()})


def address(name: str) -> str:
    """Raises KeyError for a file that is not there."""
    known = assets()
    known.files[name]
    return f"/static/{known.version}/{name}"


@router.get("/static/{version}/{name:path}")
async def serve(version: str, name: str, request: Request) -> Response:
    known = assets()
    if (asset := known.files.get(name)) is None:
        raise HTTPException(404)
    for_ever = version == known.version
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable" if for_ever else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if asset.packed and accepts_gzip(request):
        return Response(
            asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"}
        )
    return Response(asset.body, media_type=asset.media_type, headers=headers)


def accepts_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")


def _asset(name: str, body: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packable = media_type.startswith(_PACKABLE)
    return Asset(media_type, body, gzip.compress(body, mtime=0) if packable else None)
