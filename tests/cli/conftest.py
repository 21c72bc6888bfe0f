"""A whole service for the command line: the application on a real port, a worker, the simulators."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import sign_up

ARTICLE = Path(__file__).parents[2] / "examples" / "01-release-notes.md"


_FORKING = """
import json, os, sys
from cli.main import COMMANDS, load, main
for line in sys.stdin:
    arguments, environment, streams = json.loads(line)
    if arguments[0] in COMMANDS:
        load(arguments[0])
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    for number, stream in enumerate(streams):
        os.dup2(os.open(stream, os.O_RDWR), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin, sys.argv = open(0, closefd=False), ["proofroom", *arguments]
    sys.exit(main())
"""


class Ran(subprocess.CompletedProcess[str]):
    @property
    def json(self) -> Any:
        assert self.returncode == 0, self.stderr
        return json.loads(self.stdout)


@dataclass
class Shell:
    """Forks a process for each command from one that has loaded it: most of a short one is its loading."""

    folder: Path
    _process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _FORKING],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: tuple[str, ...], environment: dict[str, str], typed: str) -> Ran:
        streams = [self.folder / name for name in ("in", "out", "err")]
        for stream, content in zip(streams, (typed, "", ""), strict=True):
            stream.write_text(content)
        assert self._process.stdin
        assert self._process.stdout
        order = json.dumps([arguments, environment, [str(stream) for stream in streams]])
        print(order, file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return Ran(arguments, code, streams[1].read_text(), streams[2].read_text())

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    made = Shell(tmp_path_factory.mktemp("shell"))
    yield made
    made.close()


@dataclass
class Service:
    """`run` and `start` call the command in a process of its own, signed in as the workspace's owner."""

    settings: Settings
    home: Path
    shell: Shell
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

    def run(self, *arguments: str, stdin: str = "", **env: str) -> Ran:
        return self.shell.run(arguments, {**self.environment, **env}, stdin)

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", *arguments],
            env={**self.environment, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

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
def idle_service(settings: Settings, simulator_url: str, tmp_path: Path, shell: Shell) -> Iterator[Service]:
    """Without a worker: nothing is written until a test starts one."""
    service = Service(settings.model_copy(update={"simulator_url": simulator_url}), tmp_path, shell)
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
