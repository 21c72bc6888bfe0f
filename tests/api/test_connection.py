"""What comes over a socket before there is a request, from whoever."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from api.connection import HEAD_BYTES, Connection
from api.cors import Cors

MIB = 1024 * 1024


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Of a server that answers how long the body was."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length, more = length + len(message.get("body", b"")), message.get("more_body", False)
        await PlainTextResponse(f"{length} bytes")(scope, receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Cors(count), http=Connection, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    yield listener.getsockname()[1]
    server.should_exit = True
    await running


async def said(port: int, *sent: bytes) -> bytes:
    """Until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(60):
            for each in sent:
                writer.write(each)
                await writer.drain()
            return await reader.read()
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


async def test_a_head_that_does_not_end_is_not_kept(port: int) -> None:
    post = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    much = [b"a" * HEAD_BYTES] * 400
    for endless in (post + b"X: ", b"POST /", post + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: "):
        answer = await said(port, endless, *much)
        assert answer == b"reset" or b"400 Bad Request" in answer, endless
    whole = await said(port, post + b"Content-Length: %d\r\n\r\n" % MIB, bytes(MIB))
    assert whole.endswith(b"%d bytes" % MIB)
    in_chunks = b"".join(b"%x\r\n%s\r\n" % (1000, bytes(1000)) for _ in range(100))
    whole = await said(port, post + b"Transfer-Encoding: chunked\r\n\r\n", in_chunks, b"0\r\nX: end\r\n\r\n")
    assert whole.endswith(b"100000 bytes")


async def test_a_call_of_the_server_itself_is_answered(port: int) -> None:
    answer = await said(port, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
