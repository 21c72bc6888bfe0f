"""The real thing: `proofroom up` as a process of its own, in an empty directory."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


class Up:
    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{port}"
        self.output = data_dir.with_suffix(".out")
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                _command("--data-dir", str(data_dir), "--port", str(port)),
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "HOME": str(data_dir.parent)},
            )

    def wait(self) -> None:
        _wait_for(self.says_it_runs, lambda: f"{self.said()}\n{self.logs()}")

    def says_it_runs(self) -> bool:
        assert self.process.poll() is None, f"{self.said()}\n{self.logs()}"
        return "Ctrl-C stops all of it." in self.said()

    def said(self) -> str:
        return self.output.read_text()

    def logs(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in (self.data_dir / "log").glob("*.log"))

    def get(self, path: str) -> Any:
        return self._call(urllib.request.Request(f"{self.url}{path}", headers=self._headers()))

    def post(self, path: str, body: dict[str, str]) -> Any:
        headers = {**self._headers(), "Content-Type": "application/json"}
        return self._call(urllib.request.Request(f"{self.url}{path}", json.dumps(body).encode(), headers))

    def is_ready(self) -> bool:
        try:
            self.get("/readyz")
        except OSError:
            return False
        return True

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {(self.data_dir / 'owner-key').read_text().strip()}"}

    def _call(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Up]]:
    """Starts it, always on the same directory and port; whatever is left in the end is killed."""
    port, begun = _free_port(), list[Up]()

    def start() -> Up:
        begun.append(Up(tmp_path / "room", port))
        return begun[-1]

    yield start
    for up in begun:
        _kill_all(up)
        up.process.wait()


def test_it_serves_mends_itself_loses_nothing_and_ends_whole(start: Callable[[], Up]) -> None:
    up = start()
    up.wait()
    assert up.get("/readyz")
    assert up.get("/v1/me")["role"] == "owner"
    assert up.data_dir.stat().st_mode & 0o777 == 0o700
    assert (up.data_dir / "owner-key").stat().st_mode & 0o777 == 0o600
    assert "/auth/link/" in up.said()

    second = subprocess.run(
        _command("--data-dir", str(up.data_dir), "--port", "1"), capture_output=True, text=True
    )
    assert second.returncode == 6
    assert f"process {up.process.pid}, {up.url}" in second.stderr

    project = up.post("/v1/projects", {"title": "Kept"})
    for name in ("api", "postgres"):
        (pid,) = [
            pid for pid in _children(up.process.pid) if name in _arguments(pid)[:4] or name in _name(pid)
        ]
        os.kill(pid, signal.SIGKILL)
        _wait_for(lambda: pid not in _children(up.process.pid), up.said)  # noqa: B023 - called at once
        _wait_for(up.is_ready, lambda: f"{up.said()}\n{up.logs()}")
    assert "api ended (SIGKILL), starting it again" in up.said()
    assert up.get(f"/v1/projects/{project['id']}")["title"] == "Kept"

    _kill_all(up)
    up.process.wait()
    again = start()
    again.wait()
    assert again.get(f"/v1/projects/{project['id']}")["title"] == "Kept"
    assert again.get("/v1/me")["role"] == "owner"

    everybody = _tree(again.process.pid)
    assert len(everybody) > 4
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(PATIENCE_SECONDS) == 0
    assert again.said().endswith("Stopped.\n")
    assert [pid for pid in everybody if _is_alive(pid)] == []


def test_a_port_in_use_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run(
            _command("--data-dir", str(tmp_path / "room"), "--port", port), capture_output=True, text=True
        )
    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert "--port" in refused.stderr
    assert not (tmp_path / "room" / "postgres").exists()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "cli.main", "up", *arguments]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(done: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)


def _kill_all(up: Up) -> None:
    for pid in _tree(up.process.pid):
        with suppress(ProcessLookupError):  # ended with its parent
            os.kill(pid, signal.SIGKILL)


def _tree(pid: int) -> list[int]:
    return [pid, *(below for child in _children(pid) for below in _tree(child))] if _is_alive(pid) else []


def _children(pid: int) -> list[int]:
    everybody = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [each for each in everybody if (stat := _stat(each)) and stat[1] == str(pid)]


def _is_alive(pid: int) -> bool:
    return (stat := _stat(pid)) is not None and stat[0] != "Z"


def _stat(pid: int) -> list[str] | None:
    """State, parent's id, and so on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # gone
        return None


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[3:]
