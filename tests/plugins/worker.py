"""A worker in the test's own event loop, and the API on a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from uvicorn import Server

    from tests.plugins.api import Api


@pytest.fixture
async def worker(settings: Settings) -> AsyncIterator[None]:
    """Works until the test is over; what it raised fails the test."""
    from worker.main import run  # slow to load, and most tests do not need it

    stop = asyncio.Event()
    running = asyncio.create_task(run(settings, stop))
    yield
    stop.set()
    await asyncio.wait_for(running, PATIENCE_SECONDS)


@pytest.fixture
async def live_server(api: "Api") -> AsyncIterator["Server"]:
    """The API behind a real socket, with everything that a server starts: for streams, and for other clients."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        api.app,
        port=listener.getsockname()[1],
        log_config=None,
        access_log=False,
        timeout_keep_alive=int(PATIENCE_SECONDS),  # a client on a busy machine is slow to ask again
        timeout_graceful_shutdown=int(PATIENCE_SECONDS),
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield server
    server.should_exit = True
    await asyncio.wait_for(running, PATIENCE_SECONDS)


@pytest.fixture
def live_url(live_server: "Server") -> str:
    return f"http://127.0.0.1:{live_server.config.port}"
