"""Server-sent events: how one is written, and the answer that sends them until its client leaves or is let go."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, aclosing
from typing import Any, Final

import structlog
from anyio import CancelScope, create_task_group
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS: Final = 15
SLOW_CLIENT_SECONDS: Final = 30
"""Whoever takes longer for one piece is dropped, and comes back with Last-Event-ID."""
HEARTBEAT: Final = b": ping\r\n\r\n"


def encoded(event: str, data: bytes, id_: object = None) -> bytes:
    """`data` in JSON, which has no line breaks of its own."""
    named = f"event: {event}\r\ndata: " if id_ is None else f"id: {id_}\r\nevent: {event}\r\ndata: "
    return b"%b%b\r\n\r\n" % (named.encode(), data)


def documented(events: Iterable[str], example: str) -> dict[int | str, dict[str, Any]]:
    """A route's `responses`: the schema is that of each event, as OpenAPI 3.2 has it."""
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "event": {"enum": sorted(events)},
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
        "required": ["event", "data"],
    }
    content = {"text/event-stream": {"schema": schema, "example": example}}
    return {200: {"description": "Server-sent events; `data` is JSON.", "content": content}}


class EventStream(StreamingResponse):
    """`held` is let go at the end. `ping` 0: whoever writes the pieces sees to the heartbeat.

    One task beside the request's own waits for the client to leave, and another one beats where that is wanted.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: AsyncGenerator[bytes],
        held: ExitStack,
        *,
        ping: float = HEARTBEAT_SECONDS,
        patience: float = SLOW_CLIENT_SECONDS,
    ) -> None:
        super().__init__(pieces, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        self.pieces = pieces
        self.held = held
        self.ping = ping
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.held:
            async with create_task_group() as tasks:
                tasks.start_soon(self._await_leaving, receive, tasks.cancel_scope)
                if self.ping:
                    tasks.start_soon(self._beat, send, tasks.cancel_scope)
                await self._tell(send, tasks.cancel_scope)
                tasks.cancel_scope.cancel()

    async def _tell(self, send: Send, scope: CancelScope) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with aclosing(self.pieces) as pieces:
            async for piece in pieces:
                await self._put(send, piece, scope)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _beat(self, send: Send, scope: CancelScope) -> None:
        while True:
            await asyncio.sleep(self.ping)
            await self._put(send, HEARTBEAT, scope)

    async def _put(self, send: Send, piece: bytes, scope: CancelScope) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            log.info("stream.slow_client_dropped")
            scope.cancel()

    async def _await_leaving(self, receive: Receive, scope: CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()
