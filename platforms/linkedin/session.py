"""How LinkedIn is spoken to, and how it words its errors."""

from collections.abc import Mapping

from pydantic import JsonValue

from platforms.base import Account
from platforms.linkedin.policy import API_VERSION


def headers(account: Account) -> dict[str, str]:
    """`metadata["api_version"]`, when the account carries one, is the operator's setting."""
    return {
        "Authorization": f"Bearer {account.credentials.get('access_token', '')}",
        "LinkedIn-Version": str(account.metadata.get("api_version") or API_VERSION),
        "X-Restli-Protocol-Version": "2.0.0",
    }


def words(body: Mapping[str, JsonValue]) -> str:
    message = body.get("message")
    return message if isinstance(message, str) else ""
