import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.supervisor import Child, Supervisor
from tests.patience import PATIENCE_SECONDS

_STEADY = "import time; time.sleep(600)"
_COMPLAINS = """
import time
print('{"level": "info", "event": "quiet"}', flush=True)
print('not JSON', flush=True)
print('{"level": "error", "event": "the database is gone"}', flush=True)
time.sleep(600)
"""
_PARENT = """
import os, sys, time
from pathlib import Path
from cli.supervisor import Child
child = Child("c", [sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ), Path(sys.argv[1]) / "c.log")
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


class Watched:
    def __init__(self, folder: Path, *scripts: str) -> None:
        self.said: list[str] = []
        self.buried: list[int] = []
        self.children = [
            Child(f"child-{n}", [sys.executable, "-c", script], dict(os.environ), folder / f"{n}.log")
            for n, script in enumerate(scripts)
        ]
        self.supervisor = Supervisor(
            [[child] for child in self.children], self.said.append, self.buried.append
        )

    def check_until(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            assert time.monotonic() < deadline, self.said
            self.supervisor.check()
            time.sleep(0.02)


Watch = Callable[..., Watched]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watched: list[Watched] = []

    def start(*scripts: str) -> Watched:
        watched.append(Watched(tmp_path, *scripts))
        watched[-1].supervisor.start()
        return watched[-1]

    yield start
    for each in watched:
        each.supervisor.stop()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_who_dies_is_started_again(watch: Watch) -> None:
    watched = watch(_STEADY)
    (child,) = watched.children
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    watched.check_until(lambda: child.pid not in {None, first})
    assert watched.buried == [first]
    assert "child-0 ended (SIGKILL)" in watched.said[0]


def test_who_dies_again_and_again_waits_longer(watch: Watch) -> None:
    watched = watch("raise SystemExit(4)")
    started = time.monotonic()
    watched.check_until(lambda: len(watched.said) >= 3)
    assert time.monotonic() - started > 0.25 + 0.5
    assert all("exit code 4" in line for line in watched.said)


def test_errors_in_a_log_are_reported_and_nothing_else(watch: Watch) -> None:
    watched = watch(_COMPLAINS)
    watched.check_until(lambda: watched.said)
    assert watched.said == ["child-0: the database is gone"]


def test_a_log_that_somebody_takes_away_ends_nothing(watch: Watch) -> None:
    watched = watch(_STEADY)
    (child,) = watched.children
    child.log.unlink()
    watched.supervisor.check()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    watched.check_until(lambda: watched.said)
    assert "it said nothing" in watched.said[0]
    watched.check_until(child.log.exists)


def test_the_end_is_orderly_and_leaves_nobody(watch: Watch) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    watched = watch(_STEADY, _STEADY, deaf)
    pids = [child.pid for child in watched.children]
    watched.check_until(lambda: watched.children[2].log.read_bytes())
    watched.supervisor.drain_seconds = 0.5
    watched.supervisor.stop()
    assert not any(_is_alive(pid) for pid in pids if pid is not None)


def test_children_end_with_their_killed_parent(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _is_alive(child)
        parent.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_alive(child)
