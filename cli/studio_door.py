"""A door on loopback to a running service, wherever that is, for hosted Studio.

Studio's page has no key of ours, and reaches what is on loopback: here each of its calls gets the key. Only LangGraph's
protocol goes through, and only for Studio and pages on loopback.
"""

import webbrowser
from collections.abc import AsyncIterator
from typing import Final

import httpx
import uvicorn
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.cors import STUDIO, Cors, is_protocol
from cli.client import PAST_PROXIES, Target
from cli.sockets import listen

_HOST: Final = "127.0.0.1"
_NAMES: Final = frozenset({_HOST, "localhost"})
_OWN: Final = frozenset(
    {
        "host",
        "origin",
        "connection",
        "cookie",
        "authorization",
        "x-api-key",
        "content-length",
        "transfer-encoding",
        "date",
        "server",
    }
)
"""Headers that each of the two connections has its own of; and no page brings a key of its own."""


class Door:
    def __init__(self, service: httpx.AsyncClient) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = await self._forward(request) if is_protocol(request.url.path) else _nothing()
        await answer(scope, receive, send)

    async def _forward(self, request: Request) -> ASGIApp:
        wanted = self.service.build_request(
            request.method,
            httpx.URL(path=request.url.path, query=request.url.query.encode()),
            headers=_passed(request.headers),
            content=await request.body(),
        )
        try:
            found = await self.service.send(wanted, stream=True)
        except httpx.TransportError as error:
            return PlainTextResponse(f"The service does not answer: {error}", 502)

        async def body() -> AsyncIterator[bytes]:
            try:
                async for chunk in found.aiter_raw():
                    yield chunk
            finally:
                await found.aclose()

        headers = dict(_passed(Headers(raw=found.headers.raw)))
        return StreamingResponse(body(), found.status_code, headers)


def serve(target: Target, port: int, *, open_browser: bool = False) -> None:
    """Until it is interrupted. Raises ConfigurationError when the port is taken."""
    listening = listen(_HOST, port)
    here = f"http://{_HOST}:{listening.getsockname()[1]}"
    service = httpx.AsyncClient(
        base_url=target.url,
        headers={"X-Api-Key": target.key},
        timeout=httpx.Timeout(None, connect=5),
        mounts=PAST_PROXIES,
    )
    link = f"{STUDIO}/studio/?baseUrl={here}"
    print(f"LangGraph Studio on {target.url}: {link}", flush=True)
    if open_browser:
        webbrowser.open(link)
    config = uvicorn.Config(application(service), lifespan="off", log_level="warning", server_header=False)
    uvicorn.Server(config).run([listening])


def application(service: httpx.AsyncClient) -> ASGIApp:
    return _Guard(Cors(Door(service)))


class _Guard:
    """No page but those that may, and no name that was rebound to this address."""

    def __init__(self, app: Cors) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        name = headers.get("host", "").rpartition(":")[0]
        if name not in _NAMES or (origin is not None and not self.app.shared.is_allowed_origin(origin)):
            await PlainTextResponse("This door is for Studio.", 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _passed(headers: Headers) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in headers.items()
        if name not in _OWN and not name.startswith("access-control-")
    ]


def _nothing() -> ASGIApp:
    return PlainTextResponse("Only LangGraph's protocol goes through here.", 404)
