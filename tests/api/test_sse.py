"""The answer behind every event stream: it ends with its client, beats while nothing happens, and lets go who is slow."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.types import Message

from api.sse import HEARTBEAT, EventStream, encoded
from tests.patience import PATIENCE_SECONDS

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/v1/events", "headers": []}


class Client:
    """Reads what it is sent; leaves when it may."""

    def __init__(self, *, reads: int = 1_000_000) -> None:
        self.left = asyncio.Event()
        self.sent: list[Message] = []
        self._reads = reads

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if len(self.sent) >= self._reads:
            await asyncio.Event().wait()
        self.sent.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.sent if message["type"] == "http.response.body"]


class Source:
    """Pieces, and then nothing more; whether it was ended."""

    def __init__(self, *pieces: bytes, ends: bool = False) -> None:
        self.pieces = pieces
        self.ends = ends
        self.over: list[str] = []
        self.held = ExitStack()
        self.held.callback(self.over.append, "released")

    async def read(self) -> AsyncGenerator[bytes]:
        try:
            for piece in self.pieces:
                yield piece
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.over.append("closed")


async def test_it_ends_as_its_pieces_do() -> None:
    client, source = Client(), Source(b"one", b"two", ends=True)
    await EventStream(source.read(), source.held)(SCOPE, client.receive, client.send)
    assert client.bodies == [b"one", b"two", b""]
    assert client.sent[-1]["more_body"] is False
    assert dict(client.sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert source.over == ["closed", "released"]


@pytest.mark.parametrize("pieces", [(), (b"one",)])
async def test_it_ends_when_its_client_leaves(pieces: tuple[bytes, ...]) -> None:
    client, source = Client(), Source(*pieces)
    answering = asyncio.create_task(
        EventStream(source.read(), source.held)(SCOPE, client.receive, client.send)
    )
    while len(client.bodies) < len(pieces):
        await asyncio.sleep(0)
    client.left.set()
    await asyncio.wait_for(answering, PATIENCE_SECONDS)
    assert source.over == ["closed", "released"]


async def test_it_beats_while_nothing_happens() -> None:
    client, source = Client(reads=4), Source(b"one")
    stream = EventStream(source.read(), source.held, ping=0.01, patience=0.05)
    await stream(SCOPE, client.receive, client.send)
    assert client.bodies == [b"one", HEARTBEAT, HEARTBEAT]


async def test_who_takes_too_long_for_a_piece_is_let_go() -> None:
    client, source = Client(reads=2), Source(b"one", b"two", b"three")
    await EventStream(source.read(), source.held, ping=0, patience=0.02)(SCOPE, client.receive, client.send)
    assert client.bodies == [b"one"]
    assert source.over == ["closed", "released"]


def test_an_event_is_written_as_the_standard_says() -> None:
    assert encoded("post.published", b'{"a":1}') == b'event: post.published\r\ndata: {"a":1}\r\n\r\n'
    assert encoded("values", b"{}", "1-2") == b"id: 1-2\r\nevent: values\r\ndata: {}\r\n\r\n"
