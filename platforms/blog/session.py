"""How Ghost is spoken to, and how it words its errors."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Unpack

import httpx
import jwt
from pydantic import JsonValue

from core.http import time_of
from platforms.base import Account, Reauthorize
from platforms.sending import Request, send

TOKEN_SECONDS = 240
"""Ghost refuses tokens that live longer than five minutes."""


async def ask(
    http: httpx.AsyncClient, account: Account, method: str, url: str, **request: Unpack[Request]
) -> httpx.Response:
    """`send` with a token, which Ghost takes only if its time is Ghost's: when it does not, one is made by the answer's
    `Date`. Of what was refused so nothing was done."""
    may_refuse: Request = {**request, "expected": (*request.get("expected", ()), HTTPStatus.UNAUTHORIZED)}
    response = await send(http, method, url, words=words, headers=headers(account), **may_refuse)
    if response.status_code != HTTPStatus.UNAUTHORIZED:
        return response
    theirs = headers(account, time_of(response.headers))
    return await send(http, method, url, words=words, headers=theirs, **request)


def headers(account: Account, now: float | None = None) -> dict[str, str]:
    """A token for one request, made `now`. Raises Reauthorize when the key cannot be one."""
    issued = int(time.time() if now is None else now)
    key_id, _, secret = account.credentials.get("admin_api_key", "").strip().partition(":")
    try:
        key = bytes.fromhex(secret)
    except ValueError:
        key = b""
    if not key_id or not key:
        raise Reauthorize("The Admin API key is not of the form id:secret.")
    claims = {"iat": issued, "exp": issued + TOKEN_SECONDS, "aud": "/admin/"}
    token = jwt.encode(claims, key, algorithm="HS256", headers={"kid": key_id})
    return {"Authorization": f"Ghost {token}", "Accept-Version": "v5.0"}


def api(account: Account) -> str:
    return f"{account.base_url}/ghost/api/admin"


def words(body: Mapping[str, JsonValue]) -> str:
    errors = body.get("errors")
    texts: list[str] = []
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            texts += [text for key in ("message", "context") if isinstance(text := error.get(key), str)]
    return " ".join(texts)
