"""How Ghost is spoken to, and how it words its errors."""

import time
from collections.abc import Mapping

import jwt
from pydantic import JsonValue

from platforms.base import Account, Reauthorize

TOKEN_SECONDS = 240
"""Ghost refuses tokens that live longer than five minutes."""


def headers(account: Account) -> dict[str, str]:
    """A token per request. Raises Reauthorize when the key cannot be one."""
    key_id, _, secret = account.credentials.get("admin_api_key", "").strip().partition(":")
    try:
        key = bytes.fromhex(secret)
    except ValueError:
        key = b""
    if not key_id or not key:
        raise Reauthorize("The Admin API key is not of the form id:secret.")
    now = int(time.time())
    claims = {"iat": now, "exp": now + TOKEN_SECONDS, "aud": "/admin/"}
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
