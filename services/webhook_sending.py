"""Telling one address, by the Standard Webhooks convention: https://www.standardwebhooks.com."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import httpx
import orjson
from standardwebhooks import Webhook as Signer

from core.http import AddressRefused, retry_after
from core.log import without_secrets
from core.text import storable

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
_BODY_SECONDS: Final = 2.0
"""For the beginning of an answer whose status is known already."""
_SHOWN: Final = 500
_TIMEOUT: Final = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one attempt. `status` is None where there was no answer; `error` then says why."""

    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str
    """The first of its characters, without what looks like a secret."""
    retry_after: float = 0

    @property
    def taken(self) -> bool:
        """Redirects are not followed: what is told to one address is not for another."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == HTTPStatus.GONE

    def shown(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "duration_ms": self.duration_ms,
            "status": self.status,
            "error": self.error,
            "answer": self.answer,
        }


def message(event_type: str, at: datetime, payload: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"type": event_type, "timestamp": at.isoformat(), "data": payload})


def signed(message_id: str, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers that prove who sent it; whoever knows one of the secrets can tell."""
    now = datetime.now(UTC)
    signatures = [Signer(secret).sign(message_id, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def deliver_once(
    http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str] | None = None
) -> Answered:
    """One attempt, on a `core.http.guarded_client`; whatever happens is in what it returns."""
    at, started = datetime.now(UTC), time.monotonic()
    status, error, said, wait = None, None, "", 0.0
    try:
        async with (
            asyncio.timeout(SECONDS),
            http.stream(
                "POST", url, content=body, headers={**_HEADERS, **(headers or {})}, timeout=_TIMEOUT
            ) as response,
        ):
            status = response.status_code
            wait = retry_after(response.headers) or 0.0
            said = await _beginning(response)
    except TimeoutError:
        error = f"No answer came within {SECONDS:.0f} s."
    except AddressRefused as refused:
        error = refused.detail
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        error = f"{type(failure).__name__}: {failure}".rstrip(": ")
    spent = round((time.monotonic() - started) * 1000)
    return Answered(at, spent, status, error if status is None else None, said, wait)


async def _beginning(response: httpx.Response) -> str:
    """As sent: what is packed is not unpacked, however small it looks."""
    read = bytearray()
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in response.aiter_raw(_SHOWN * 4):
                read += chunk
                if len(read) >= _SHOWN * 4:
                    break
    return without_secrets(storable(bytes(read).decode("utf-8", "replace")))[:_SHOWN]
