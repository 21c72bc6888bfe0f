"""The simulators on a free port, over real HTTP, once per test process."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.patience import PATIENCE_SECONDS


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """State is kept per account: tests that use accounts of their own do not meet."""
    import uvicorn

    from simulators.app import create_app  # slow to load, and xdist's controller does not need it

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the simulators did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)
