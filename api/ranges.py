"""Parts of a file over HTTP (RFC 9110, 13 and 14): one range at a time, and only of what the client has the rest of."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers

from api.etags import is_known
from core.errors import ProofroomError

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._ -]")


class RangeNotSatisfiable(ProofroomError):
    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    title = "There are no such bytes"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`end` is the byte after the last one."""

    status: HTTPStatus
    start: int
    end: int


def wanted(headers: Headers, etag: str, size: int) -> Wanted:
    """What to answer to a GET. Several ranges at once are answered with the whole, as RFC 9110 allows.

    Raises RangeNotSatisfiable.
    """
    if is_known(headers.get("if-none-match", ""), etag):
        return Wanted(HTTPStatus.NOT_MODIFIED, 0, 0)
    whole = Wanted(HTTPStatus.OK, 0, size)
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or not any(asked.groups()) or headers.get("if-range", etag) != etag:
        return whole
    first, last = asked[1], asked[2]
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) + 1, size) if first and last else size
    if first and last and int(last) < int(first):
        return whole
    if start >= size:
        raise RangeNotSatisfiable(f"The file has {size} bytes.", remedy="Ask for bytes that it has.")
    return Wanted(HTTPStatus.PARTIAL_CONTENT, start, end)


def attachment(name: str) -> str:
    """A Content-Disposition that saves it under its name (RFC 6266), whatever characters that has."""
    plain = _PLAIN.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
