"""A whole service for the command line: the application on a real port, a worker, the simulators."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import uvicorn

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import sign_up

ARTICLE = Path(__file__).parents[2] / "examples" / "01-release-notes.md"


_IN_TURN = """
import contextlib, io, json, sys
from cli.main import main
for line in sys.stdin:
    arguments, typed = json.loads(line)
    code, out, err, sys.argv = 0, io.StringIO(), io.StringIO(), ["proofroom", *arguments]
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(typed.encode()))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    sys.stdin = stdin
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass
class Service:
    """`run` and `start` call the real command, as a process of its own, signed in as the workspace's owner."""

    settings: Settings
    home: Path
    url: str = ""
    token: str = ""
    _stack: ExitStack = field(default_factory=ExitStack)
    _api: ExitStack = field(default_factory=ExitStack)

    def start_api(self) -> None:
        """At the same address each time."""
        port = int(self.url.rpartition(":")[2]) if self.url else 0
        listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._api.enter_context(_api(self.settings, listener))

    def stop_api(self) -> None:
        self._api.close()

    def start_worker(self) -> None:
        self._stack.enter_context(_worker(self.settings))

    def close(self) -> None:
        with self._stack, self._api:
            pass

    def run(self, *arguments: str, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments, **env)
        out, err = process.communicate(stdin, timeout=PATIENCE_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            env={**self.environment, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def shell(self) -> Iterator[Callable[..., Ran]]:
        """Runs one command after the other in one process, since most of a short one is its start."""
        process = subprocess.Popen(
            [sys.executable, "-c", _IN_TURN],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def run(*arguments: str, typed: str = "") -> Ran:
            print(json.dumps([arguments, typed]), file=stdin, flush=True)
            return Ran(*json.loads(stdout.readline()))

        try:
            yield run
        finally:
            process.communicate(timeout=PATIENCE_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PROOFROOM_URL": self.url,
            "PROOFROOM_API_KEY": self.token,
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "COLUMNS": "100",
        }

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(
            method, f"{self.url}{path}", json=body, headers=headers, timeout=PATIENCE_SECONDS
        )
        assert answer.is_success, answer.text
        return answer.json()

    def written(self, platforms: str = "x", article: Path = ARTICLE) -> Any:
        """A workflow whose drafts wait."""
        brief = {"source": {"type": "text", "text": article.read_text()}, "platforms": platforms.split(",")}
        workflow = self.call("POST", "/v1/workflows", brief)
        until = time.monotonic() + PATIENCE_SECONDS
        while any(thread["status"] != "awaiting_review" for thread in workflow["threads"]):
            assert time.monotonic() < until, workflow
            workflow = self.call("GET", f"/v1/workflows/{workflow['id']}?wait=1")
        return workflow


@pytest.fixture
def idle_service(settings: Settings, simulator_url: str, tmp_path: Path) -> Iterator[Service]:
    """Without a worker: nothing is written until a test starts one."""
    service = Service(settings.model_copy(update={"simulator_url": simulator_url}), tmp_path)
    service.start_api()
    try:
        service.token = asyncio.run(_ada(service.settings))
        yield service
    finally:
        service.close()


async def _ada(settings: Settings) -> str:
    """Her token, the workspace's owner's."""
    from api.app import create_app

    state = create_app(settings).state
    _, token = await sign_up(state, "ada")
    await state.db.dispose()
    return token


@pytest.fixture
def service(idle_service: Service) -> Service:
    idle_service.start_worker()
    return idle_service


@contextmanager
def _api(settings: Settings, listener: socket.socket) -> Iterator[None]:
    from api.app import create_app

    config = uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < until, "the API did not start"
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    from worker.main import run

    async def work() -> None:
        stop.append((asyncio.get_running_loop(), event := asyncio.Event()))
        await run(settings, event)

    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    try:
        yield
    finally:
        for loop, event in stop:
            loop.call_soon_threadsafe(event.set)
        thread.join(PATIENCE_SECONDS)


@pytest.fixture
def article() -> str:
    return str(ARTICLE)
