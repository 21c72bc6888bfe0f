"""`POST /mcp`: streamable HTTP without sessions, one JSON answer for each request, so that any process can take any of them."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Final

import httpx
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth import authenticate
from api.headers import WORKSPACE_HEADER
from core.principal import Principal

if TYPE_CHECKING:
    from mcp.server.transport_security import TransportSecuritySettings

router = APIRouter(include_in_schema=False)

_INSIDE: Final = "http://127.0.0.1"
"""Nobody goes there: the application is called itself."""
_WHO: Final = ("authorization", "x-api-key", WORKSPACE_HEADER)


@router.post("/mcp")
async def mcp(request: Request) -> Response:
    """Raises Unauthenticated, as `/v1` does."""
    principal = await authenticate(request, request.app.state.db)
    await asyncio.to_thread(import_module, "api.mcp.server")  # at the first call only; it takes a while
    return _Exchange(request, principal)


class _Exchange(Response):
    """What the library answers, which speaks ASGI itself."""

    def __init__(self, request: Request, principal: Principal) -> None:
        super().__init__()
        self._request = request
        self._principal = principal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from api.mcp.server import serving
        from api.mcp.service import MARK, TIMEOUT, Service

        who = {name: value for name in _WHO if (value := self._request.headers.get(name))}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self._request.app),
            base_url=_INSIDE,
            headers={**who, **MARK},
            timeout=TIMEOUT,
        ) as http:
            manager = StreamableHTTPSessionManager(
                serving(Service(http, self._principal)),
                json_response=True,
                stateless=True,
                security_settings=_security(self._request),
                max_request_body_size=self._request.app.state.settings.body_limit,
            )
            async with manager.run():
                await manager.handle_request(scope, receive, send)


def _security(request: Request) -> "TransportSecuritySettings":
    """Whether the name is ours was seen to before (`api.middleware.Hosts`); a browser's page must be ours as well."""
    from mcp.server.transport_security import TransportSecuritySettings

    host, public = request.headers.get("host", ""), request.app.state.settings.public_url
    origins = [f"{request.url.scheme}://{host}", *([str(public).rstrip("/")] if public else [])]
    return TransportSecuritySettings(allowed_hosts=[host], allowed_origins=origins)
