"""How X is spoken to, how it words its errors, and when it may be asked again."""

from collections.abc import Mapping
from typing import Unpack

import httpx
from pydantic import JsonValue

from core.http import time_of
from platforms.base import Account
from platforms.sending import Request, send, usual_wait

_WINDOWS = ("x-user-limit-24hour", "x-app-limit-24hour", "x-rate-limit")


def headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.credentials.get('access_token', '')}"}


async def ask(
    http: httpx.AsyncClient, account: Account, method: str, path: str, **request: Unpack[Request]
) -> httpx.Response:
    """`path` is below the API's version."""
    url = f"{account.base_url}/2/{path}"
    return await send(http, method, url, words=words, wait=wait, headers=headers(account), **request)


def words(body: Mapping[str, JsonValue]) -> str:
    detail = body.get("detail") or body.get("title")
    texts = [detail] if isinstance(detail, str) else []
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else []:
        message = error.get("message") or error.get("detail") if isinstance(error, dict) else None
        if isinstance(message, str) and message not in texts:
            texts.append(message)
    return " ".join(texts)


def wait(response: httpx.Response) -> float:
    """Seconds until every window that is used up is open again; each resets at a Unix time."""
    resets = [
        int(reset)
        for window in _WINDOWS
        if response.headers.get(f"{window}-remaining") == "0"
        and (reset := response.headers.get(f"{window}-reset", "")).isdecimal()
    ]
    return max(0.0, max(resets) - time_of(response.headers)) if resets else usual_wait(response)
