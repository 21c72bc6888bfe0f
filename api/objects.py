"""What is stored, over HTTP: whole, or a range of it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import problems
from api.openapi import also
from api.ranges import RangeNotSatisfiable, attachment, wanted
from core.errors import NotFound
from core.storage import Storage

BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The range that was asked for.", "content": {"*/*": {}}},
    304: {"description": "It is what `If-None-Match` names."},
    **also(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
}
"""`responses=` of a route that answers one."""
_SAFE: Final = {
    # A file is anybody's words: opened by itself it runs nothing and reaches nothing.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
}


@dataclass(frozen=True, slots=True)
class Object:
    path: str
    etag: str
    """In its quotation marks."""
    name: str
    """Under which it is saved."""
    mime_type: str


async def answer(request: Request, storage: Storage, stored: Object) -> Response:
    """Raises NotFound when an accident took the object, before anything is said."""
    found = await storage.head(stored.path)
    if found is None:
        raise NotFound("The file's bytes are not in the storage any more.", remedy="Upload it again.")
    try:
        part = wanted(request.headers, stored.etag, found.size)
    except RangeNotSatisfiable as error:
        refusal = problems.of(error)
        refusal.headers["Content-Range"] = f"bytes */{found.size}"
        return refusal
    headers = {**_SAFE, "ETag": stored.etag, "Content-Disposition": attachment(stored.name)}
    if part.status is HTTPStatus.NOT_MODIFIED:
        return Response(status_code=part.status, headers=headers)
    headers |= {
        "Content-Type": stored.mime_type,
        "Content-Length": str(part.end - part.start),
    }
    if part.status is HTTPStatus.PARTIAL_CONTENT:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{found.size}"
    if request.method == "HEAD":
        return Response(status_code=part.status, headers=headers)
    content = storage.read(stored.path, part.start, part.end)
    return StreamingResponse(content, status_code=part.status, headers=headers)
