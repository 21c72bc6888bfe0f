"""A pooler's first sin: what a connection shall be begun with does not reach the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_LENGTH = 4
"""Bytes, at the beginning of each message (PostgreSQL: Message Formats)."""


@asynccontextmanager
async def dropping_options(server: Path, folder: Path) -> AsyncIterator[None]:
    """Listens in `folder` as PostgreSQL would, and hands all on to the socket `server` but the options of the start."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(server)
        length = int.from_bytes(await reader.readexactly(_LENGTH))
        protocol, *words = _words(await reader.readexactly(length - _LENGTH))
        kept = [
            each
            for pair in zip(words[::2], words[1::2], strict=True)
            if pair[0] != b"options"
            for each in pair
        ]
        start = protocol + b"".join(word + b"\0" for word in kept) + b"\0"
        back.write((len(start) + _LENGTH).to_bytes(_LENGTH) + start)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    listening = await asyncio.start_unix_server(relay, folder / server.name)
    try:
        yield
    finally:
        listening.close()


def _words(start: bytes) -> list[bytes]:
    """The protocol's number, then names and values in turn."""
    return [start[:4], *start[4:].rstrip(b"\0").split(b"\0")]


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while read := await source.read(65536):
        sink.write(read)
    sink.close()
