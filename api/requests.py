"""Bodies are read strictly: what the database or another parser would take differently is refused at the door."""

import json
import math
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from core.errors import FieldError, Invalid, ProofroomError, TooLarge
from core.text import UNSTORABLE, storable

TEXT_LIMIT: Final = 1_000_000
_REMEDY: Final = "Remove NUL characters and unpaired surrogates."


class MalformedJSON(Invalid):
    title = "The body is not JSON"


class UnsupportedMediaType(ProofroomError):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "Unsupported media type"


class StrictRequest(Request):
    """`json()` answers what `read_json` has checked."""

    _checked: Any

    async def read_json(self) -> None:
        """Raises MalformedJSON, UnsupportedMediaType, Invalid (NUL, surrogates) or TooLarge, naming the field."""
        body = await self.body()
        if not body:
            self._checked = None
            return
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise UnsupportedMediaType(
                f"The body is {media_type or 'of no named type'}.",
                remedy="Send JSON with Content-Type: application/json.",
            )
        self._checked = _parse(body)
        check_texts(self._checked)

    async def json(self) -> Any:
        return self._checked


def check_query(request: Request) -> None:
    """Raises Invalid for a parameter that is not UTF-8 or holds what no text column can."""
    for part in request.url.query.split("&"):
        name, _, value = part.partition("=")
        try:
            name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
        except UnicodeDecodeError:
            raise _unstorable(f"query.{unquote_plus(name)}", "This is not UTF-8.") from None
        if UNSTORABLE.search(name + value):
            raise _unstorable(f"query.{storable(name)}")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float
        )
    except UnicodeDecodeError as error:
        raise MalformedJSON(f"Byte {error.start} of the body is not UTF-8.", remedy="Send UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedJSON(f"{error.msg} at {where}.", remedy="Send well-formed JSON.") from None
    except RecursionError:
        raise MalformedJSON("The body is nested too deeply.", remedy="Nest less.") from None
    except ValueError as error:
        raise MalformedJSON(str(error), remedy="Send well-formed JSON.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {storable(twice)!r} is there twice.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("A number is too large.")
    return number


def check_texts(body: Any) -> None:
    """Raises Invalid or TooLarge, naming the field."""
    for pointer, text in _texts(body):
        if UNSTORABLE.search(text):
            raise _unstorable(storable(pointer))
        if len(text) > TEXT_LIMIT:
            detail = f"{len(text):,} characters; at most {TEXT_LIMIT:,} are taken."
            raise TooLarge(
                "A text is too long.", remedy="Shorten the text.", errors=[FieldError(pointer, detail)]
            )


def _texts(body: Any) -> Iterator[tuple[str, str]]:
    """Every string with its pointer, keys too; without recursion, since the caller chooses the depth."""
    waiting: list[tuple[str, Any]] = [("", body)]
    while waiting:
        pointer, value = waiting.pop()
        if isinstance(value, str):
            yield pointer, value
        elif isinstance(value, dict):
            for key, item in value.items():
                below = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
                yield below, key
                waiting.append((below, item))
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{index}", item) for index, item in enumerate(value)]


def _unstorable(where: str, detail: str = "NUL characters and unpaired surrogates are not text.") -> Invalid:
    return Invalid("A text cannot be stored.", remedy=_REMEDY, errors=[FieldError(where, detail)])
