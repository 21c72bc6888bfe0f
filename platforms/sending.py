"""One request to a platform, with whatever goes wrong told as one of the five failures."""

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Final, TypedDict, TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from core.http import AddressRefused, ResponseTooLarge, body_of, retry_after
from core.text import storable
from platforms.base import OutcomeUnknown, PlatformError, RateLimited, Reauthorize, Refused, Unreachable

Words = Callable[[Mapping[str, JsonValue]], str]
"""What a platform's error body says to a person; "" when it says nothing."""
Answer = TypeVar("Answer", bound=BaseModel)

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How far a platform's clock may be behind the database's when a post is recognised by its time."""
RETRY_SECONDS: Final = 60.0
"""When a platform limits us and does not say for how long."""

LONGEST_RETRY_SECONDS: Final = 24 * 3600.0
"""Whatever a platform asks for: it is asked again a day later."""
LONGEST_ANSWER: Final = 16 * 1024 * 1024
"""Bytes; a blog is anybody's server."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_BAD_ADDRESS = (httpx.UnsupportedProtocol, httpx.InvalidURL)
_BAD_HEADER = (httpx.LocalProtocolError, UnicodeEncodeError)
_MAX_WORDS = 500
_TRANSFER = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""Of the body as it was sent, not as it was read."""


class Request(TypedDict, total=False):
    """What an adapter's own way of asking hands on to `send`."""

    publishes: bool
    expected: Collection[int]
    json: object
    data: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes, str]]


async def send(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    words: Words,
    publishes: bool = False,
    expected: Collection[int] = (),
    headers: Mapping[str, str] | None = None,
    json: object = None,
    content: bytes | None = None,
    data: Mapping[str, str] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    wait: Callable[[httpx.Response], float] | None = None,
) -> httpx.Response:
    """The answer when it is a success or its status is `expected`; else raises PlatformError.

    `publishes`: this request makes the post public, so that a missing or broken answer leaves the outcome open. Any
    other request may be made again, and its loss is Unreachable. `wait`: how many seconds a platform that limits us asks for,
    where it says so in a way of its own.
    """
    lost = OutcomeUnknown if publishes else Unreachable
    try:
        async with http.stream(
            method,
            url,
            headers=headers,
            json=json,
            content=content,
            data=data,
            files=files,
            follow_redirects=False,  # a redirected POST would become a GET
        ) as streamed:
            response = await _whole(streamed)
    except _NOT_SENT as error:
        raise Unreachable(f"{_host(url)} cannot be reached: {_reason(error)}") from error
    except _BAD_HEADER:
        # What the library says of a header has the header in it, and with it the token.
        raise Reauthorize("The account's credentials hold a character that none can have.") from None
    except _BAD_ADDRESS as error:
        raise Reauthorize(f"The account's address cannot be used: {_reason(error)}") from error
    except AddressRefused as error:
        raise Reauthorize(f"The account's address cannot be used: {error.detail}") from error
    except (httpx.HTTPError, ResponseTooLarge) as error:
        raise lost(f"{_host(url)} did not answer: {_reason(error)}") from error
    if response.is_success or response.status_code in expected:
        return response
    raise _failure(response, words, lost, wait or usual_wait)


def parse(response: httpx.Response, model: type[Answer], *, publishes: bool = False) -> Answer:
    """The answer's body; one that cannot be understood is a lost one."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        lost = OutcomeUnknown if publishes else Unreachable
        raise lost(
            f"{response.url.host} answered {response.status_code} with something unexpected."
        ) from error


def error_body(response: httpx.Response) -> Mapping[str, JsonValue]:
    """The JSON object of an error answer; empty when it is something else, e.g. a gateway's page."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def said(response: httpx.Response, words: Words) -> str:
    """The platform's own words with its status, for people."""
    text = storable(" ".join(words(error_body(response)).split()))[:_MAX_WORDS]
    return f"{text or response.reason_phrase or 'no explanation'} (HTTP {response.status_code})"


def usual_wait(response: httpx.Response) -> float:
    """Seconds, by `Retry-After`."""
    asked_for = retry_after(response.headers)
    return RETRY_SECONDS if asked_for is None else asked_for


async def _whole(streamed: httpx.Response) -> httpx.Response:
    """Read to its end, and no further than LONGEST_ANSWER."""
    body = await body_of(streamed, LONGEST_ANSWER)
    headers = [(name, value) for name, value in streamed.headers.raw if name.lower() not in _TRANSFER]
    return httpx.Response(
        streamed.status_code,
        headers=headers,
        content=body,
        request=streamed.request,
        extensions=streamed.extensions,
    )


def _failure(
    response: httpx.Response,
    words: Words,
    lost: type[PlatformError],
    wait: Callable[[httpx.Response], float],
) -> PlatformError:
    detail = said(response, words)
    match response.status_code:
        case 401 | 403:
            return Reauthorize(detail)
        case 429:
            return RateLimited(detail, min(wait(response), LONGEST_RETRY_SECONDS))
        case 408:
            return lost(detail)
        case status if status >= 500:
            # Gateways answer 5xx for what the platform behind them went on to do.
            return lost(detail)
        case status if status >= 400:
            return Refused(detail)
        case _:
            place = response.headers.get("location", "elsewhere")
            return Reauthorize(
                f"{response.url.host} redirects to {place}: connect the account with that address."
            )


def _host(url: str) -> str:
    return httpx.URL(url).host


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
