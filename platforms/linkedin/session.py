"""How LinkedIn is spoken to, and how it words its errors."""

from collections.abc import Mapping
from typing import Unpack

import httpx
from pydantic import JsonValue

from platforms.base import Account
from platforms.linkedin.policy import API_VERSION
from platforms.sending import Request, send


def headers(account: Account) -> dict[str, str]:
    """`metadata["api_version"]`, when the account carries one, is the operator's setting."""
    return {
        "Authorization": f"Bearer {account.credentials.get('access_token', '')}",
        "LinkedIn-Version": str(account.metadata.get("api_version") or API_VERSION),
        "X-Restli-Protocol-Version": "2.0.0",
    }


async def ask(
    http: httpx.AsyncClient,
    account: Account,
    method: str,
    path: str,
    restli: str | None = None,
    **request: Unpack[Request],
) -> httpx.Response:
    """`restli`: what its protocol calls the method, where that does not follow from HTTP's."""
    more = {"X-RestLi-Method": restli} if restli else {}
    url = f"{account.base_url}/{path}"
    return await send(http, method, url, words=words, headers={**headers(account), **more}, **request)


def words(body: Mapping[str, JsonValue]) -> str:
    message = body.get("message")
    return message if isinstance(message, str) else ""
