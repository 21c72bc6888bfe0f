"""How Instagram's Graph API is spoken to, and what its error codes mean.

It answers nearly every failure with 400 and a code of its own; the codes are those of its references "Error codes" and
"Handle errors".
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from platforms.base import (
    Account,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Reauthorize,
    Refused,
    Unreachable,
)
from platforms.sending import LONGEST_RETRY_SECONDS, error_body, said, send, usual_wait

MISSING: Final = (100, 33)
"""There is no such object, or it may not be seen."""
QUOTA_SECONDS: Final = 3600.0
"""The day's limit is on a moving window, and Instagram does not say when its oldest post leaves it."""

_TOKEN: Final = frozenset({10, 102, 190, *range(200, 300)})
"""The token is expired, revoked, or lacks a permission."""
_ACCOUNT: Final = frozenset({2207050})
"""Subcodes: the account is inactive, checkpointed or restricted."""
_RATE: Final = frozenset({4, 17, 32, 613, 80002})
_DAY: Final = frozenset({2207042})
_SPAM: Final = frozenset({2207051})
_TRANSIENT: Final = frozenset({2207001, 2207003, 2207006, 2207008, 2207020, 2207027, 2207032, 2207053})
"""Subcodes of what its reference says to try again: nothing was published."""
_BUSY: Final = frozenset({1, 2})
"""An unknown error, or the service is down for the moment: what was asked may have been done."""


class _Error(BaseModel):
    message: str = ""
    code: int = 0
    error_subcode: int = 0
    error_user_msg: str = ""
    is_transient: bool = False


class _Body(BaseModel):
    error: _Error = _Error()


_MINUTES: Final = re.compile(r'"estimated_time_to_regain_access":\s*(\d+)')


def words(body: Mapping[str, JsonValue]) -> str:
    """What it says to people, and what it says to programs where it says nothing to people."""
    error = _of(body)
    return error.error_user_msg or error.message


async def call(
    http: httpx.AsyncClient,
    account: Account,
    method: str,
    path: str,
    *,
    publishes: bool = False,
    expected: tuple[int, int] | None = None,
    data: Mapping[str, str] | None = None,
) -> httpx.Response:
    """The answer when it is a success, or an error of the code and subcode `expected`. Raises PlatformError."""
    response = await send(
        http,
        method,
        f"{account.base_url}/{path}",
        words=words,
        publishes=publishes,
        expected=range(400, 500),
        headers={"Authorization": f"Bearer {account.credentials.get('access_token', '')}"},
        data=data,
    )
    if response.is_success or (expected is not None and is_error(response, expected)):
        return response
    raise _failure(response, publishes=publishes)


def me(account: Account) -> str:
    """In a path."""
    return quote(account.platform_user_id, safe="")


def is_error(response: httpx.Response, code: tuple[int, int]) -> bool:
    error = _of(error_body(response))
    return (error.code, error.error_subcode) == code


def _failure(response: httpx.Response, *, publishes: bool) -> PlatformError:
    error, detail = _of(error_body(response)), said(response, words)
    if error.error_subcode in _DAY:
        return RateLimited(detail, QUOTA_SECONDS)
    if error.error_subcode in _SPAM:
        return Refused(detail)
    if error.error_subcode in _TRANSIENT:
        return Unreachable(detail)
    if error.code in _RATE or response.status_code == 429:
        return RateLimited(detail, _wait(response))
    if error.code in _TOKEN or error.error_subcode in _ACCOUNT or response.status_code in {401, 403}:
        return Reauthorize(detail)
    if error.code in _BUSY or error.is_transient or response.status_code == 408:
        return OutcomeUnknown(detail) if publishes else Unreachable(detail)
    return Refused(detail)


def _of(body: Mapping[str, JsonValue]) -> _Error:
    """Without a code for what is no error of its own, a gateway's page for instance."""
    try:
        return _Body.model_validate(body).error
    except ValidationError:
        return _Error()


def _wait(response: httpx.Response) -> float:
    """Seconds. `X-Business-Use-Case-Usage` says in minutes how long a limit still holds."""
    minutes = max(
        map(int, _MINUTES.findall(response.headers.get("x-business-use-case-usage", ""))), default=0
    )
    return min(minutes * 60.0 or usual_wait(response), LONGEST_RETRY_SECONDS)
