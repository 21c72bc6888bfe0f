"""LangGraph's own development server on our graphs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS

_ROOT = Path(__file__).parents[2]


@contextmanager
def serving(folder: Path, *command: str, until: str = "") -> Iterator[str]:
    """The address at which `python -m …` serves in this folder, once it has said `until`."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command, "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, server, folder / "log", until)
        yield url
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _await(url: str, server: subprocess.Popen[bytes], log: Path, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/ok").is_success and words in log.read_text():
                return
        except httpx.TransportError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(log.read_text())
        time.sleep(0.1)


@pytest.fixture(scope="session")
def langgraph_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`langgraph dev` on the repository's langgraph.json: no worker, no database, no key."""
    command = (
        "langgraph_cli",
        "dev",
        "--no-reload",
        "--no-browser",
        "--config",
        str(_ROOT / "langgraph.json"),
    )
    with serving(tmp_path_factory.mktemp("langgraph-dev"), *command) as url:
        yield url
