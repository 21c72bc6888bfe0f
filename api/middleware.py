"""Around every request, whatever route it meets. Plain ASGI: streams pass through untouched."""

import re
import time
from collections.abc import Collection
from ipaddress import ip_address
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from api import problems
from api.auth import SESSION_COOKIE, credential
from api.errors import InternalError
from api.forms import OVERHEAD_BYTES
from api.limits import OF_THE_OPERATOR, Limits, digest
from core import metrics
from core.errors import FieldError, Invalid, RateLimitExceeded, TooLarge

log = structlog.get_logger(__name__)

REQUEST_ID: Final = "X-Request-Id"
_USABLE_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KNOWN_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_UPLOADS: Final = re.compile(r"/v1/projects/[^/]+/files|/(?:v1|library)/uploads/[^/]+")
"""What takes files, and reads them as they arrive."""
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""A response that needs other values sets them itself."""


class Edge:
    """Outermost: the request's id, its log line and measurement, security headers, and an answer when all else fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _USABLE_ID.fullmatch(given) else str(uuid7())
        status = 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
                if scope["app"].state.listener.ending:
                    headers["Connection"] = "close"
            await send(message)

        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_marked)
            except ClientDisconnect:
                log.info("request.cut_off")
            except Exception:
                log.exception("request.failed")
                if status:
                    raise
                await problems.of(InternalError())(scope, receive, send_marked)
            finally:
                _record(scope, status, time.perf_counter() - started)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope["method"] if scope["method"] in _KNOWN_METHODS else "OTHER"
    metrics.record_request(method, route, status, seconds)
    # Whatever else stands in an address may be a secret or a person's words.
    ids = {name: value for name, value in scope.get("path_params", {}).items() if _UUID.fullmatch(str(value))}
    log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), **ids)


class Hosts:
    """Refuses names that are not ours: a page elsewhere whose name was rebound to this address cannot speak to us."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (host := _host(scope)) not in self.allowed and not _is_address(host):
            refusal = Invalid(
                "This service does not answer to the name in the Host header.",
                remedy="Set PROOFROOM_PUBLIC_URL to the address that people use.",
                errors=[FieldError("header.Host", "This is not our name.")],
            )
            await problems.of(refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _host(scope: Scope) -> str:
    host = Headers(scope=scope).get("host", "").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_address(host: str) -> bool:
    """Nobody can rebind an address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class RequestRate:
    """So many requests a minute for each credential, or address where there is none."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OF_THE_OPERATOR:
            await self.app(scope, receive, send)
            return
        allowed, allowance = self.limits.request(_who(HTTPConnection(scope)))

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowance.headers)
            await send(message)

        if allowed:
            await self.app(scope, receive, send_counted)
            return
        refusal = RateLimitExceeded(
            f"At most {allowance.limit} requests a minute are answered.",
            remedy="Wait as long as Retry-After says.",
            retry_after=allowance.reset_seconds,
        )
        await problems.of(refusal)(scope, receive, send_counted)


def _who(connection: HTTPConnection) -> str:
    token = credential(connection) or connection.cookies.get(SESSION_COOKIE)
    return digest(token) if token else address(connection)


def address(connection: HTTPConnection) -> str:
    """The peer's; what a proxy says of the client behind it is believed only if the server was told to."""
    return connection.client.host if connection.client else "unknown"


class BodyLimit:
    """Refuses a body that is too large: at once where its length is given, otherwise as soon as it is too long."""

    def __init__(self, app: ASGIApp, limit: int, upload_limit: int) -> None:
        self.app = app
        self.limit = limit
        self.upload_limit = upload_limit + OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        limit = self.upload_limit if _UPLOADS.fullmatch(scope["path"]) else self.limit
        if length.isdecimal() and int(length) > limit:
            response = problems.of(_too_large(limit))
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
            return
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self.app(scope, receive_limited, send)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"A body has at most {limit} bytes.", remedy="Send less at once.")
