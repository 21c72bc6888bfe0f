"""Bodies are read strictly: what the database or another parser would take differently is refused at the door."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.requests import Request

from core.errors import FieldError, Invalid, ProofroomError, TooLarge
from core.text import UNSTORABLE, storable

TEXT_LIMIT: Final = 1_000_000
VALUES_LIMIT: Final = 100_000
"""In a body: what is made of each, an error for one, takes a hundred times its bytes."""
_DIGITS: Final = len(str(2**64))
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
    for part in request.scope["query_string"].decode().split("&"):
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
            body.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_float,
            parse_int=_int,
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
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"The key {storable(twice)!r} is there twice.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("A number is too large.")
    return number


def _int(digits: str) -> int:
    """Of 64 bits, which is what we can write again."""
    if len(digits) > _DIGITS or not -(2**63) <= int(digits) < 2**64:
        raise ValueError("A number is too large.")
    return int(digits)


def check_texts(body: Any) -> None:
    """Raises Invalid or TooLarge, naming the field."""
    for way, text in _texts(body):
        if UNSTORABLE.search(text):
            raise _unstorable(storable(_pointer(way)))
        if len(text) > TEXT_LIMIT:
            detail = f"{len(text):,} characters; at most {TEXT_LIMIT:,} are taken."
            raise TooLarge(
                "A text is too long.", remedy="Shorten the text.", errors=[FieldError(_pointer(way), detail)]
            )


def _texts(body: Any) -> Iterator[tuple[Sequence[str | int], str]]:
    """Every string, keys too, and the way to it, which is good until the next. Without recursion, and without a pointer
    for each: the caller chooses how deep it goes, and how long the keys are. Raises TooLarge."""
    way: list[str | int] = []
    levels: list[Iterator[tuple[str | int, Any]]] = [iter([("", body)])]
    count = 0
    while levels:
        for step, value in levels[-1]:
            count += 1
            if count > VALUES_LIMIT:
                raise TooLarge(f"A body has at most {VALUES_LIMIT:,} values.", remedy="Send less at once.")
            way[len(levels) - 1 :] = [step]
            if isinstance(step, str):
                yield way, step
            if isinstance(value, str):
                yield way, value
            elif isinstance(value, dict | list):
                levels.append(iter(value.items() if isinstance(value, dict) else enumerate(value)))
                break
        else:
            levels.pop()


def _pointer(way: Sequence[str | int]) -> str:
    _, *steps = way  # the first is the body itself
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _unstorable(where: str, detail: str = "NUL characters and unpaired surrogates are not text.") -> Invalid:
    return Invalid("A text cannot be stored.", remedy=_REMEDY, errors=[FieldError(where, detail)])
