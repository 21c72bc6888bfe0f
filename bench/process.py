"""One operating-system process of a service under measurement: started, killed, started again."""

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from core import processes

DRAIN_SECONDS = 20.0

T = TypeVar("T")


@dataclass
class Process:
    """Start it from the main thread: the kernel ends it with the thread that started it."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path | None = None
    _child: subprocess.Popen[bytes] | None = None
    _said_from: int = 0

    def start(self) -> None:
        assert not self.alive, f"{self.name} runs already"
        with processes.open_log(self.log) as output:
            self._said_from = output.tell()
            self._child = processes.spawn(
                self.command, on_parent_death=signal.SIGKILL, env=self.env, output=output, cwd=self.cwd
            )

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """Of the one that was started last, alive or not."""
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    def signal(self, number: signal.Signals) -> None:
        """Nothing is sent to one that has ended."""
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and it is gone when this returns."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def stop(self, seconds: float = DRAIN_SECONDS) -> None:
        """SIGTERM, and SIGKILL for what has not ended by then."""
        if self._child is not None:
            processes.stop(self._child, (signal.SIGTERM, seconds))

    def restart(self) -> None:
        self.stop()
        self.start()

    def cpu_seconds(self) -> float:
        """Since its last start, its children included."""
        return cpu_seconds(self.pid)

    def rss_bytes(self) -> int:
        """Resident, its children included."""
        return sum(_of_family(self.pid, lambda each: each.memory_info().rss))

    def await_log(self, words: bytes, seconds: float) -> None:
        """Until it has logged `words` since it was started. Raises TimeoutError, also when it ends before."""
        self._await(lambda: words in self.said(), seconds)

    def await_answer(self, address: str, seconds: float) -> None:
        """Until a GET is answered with 200. Raises TimeoutError, also when it ends before."""

        def answers() -> bool:
            try:
                with urllib.request.urlopen(address, timeout=5):
                    return True
            except OSError:  # not listening, or listening and not ready
                return False

        self._await(answers, seconds)

    def _await(self, holds: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if not self.alive or time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self.name} is not ready. Its last words: {self.said()[-2000:].decode()}"
                )
            time.sleep(0.05)

    def said(self) -> bytes:
        """Its log since it was started last."""
        with self.log.open("rb") as log:
            log.seek(self._said_from)
            return log.read()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all its descendants, those that it has reaped included."""
    return sum(_of_family(pid, lambda each: _seconds(each.cpu_times())))


def _seconds(times: Any) -> float:
    return float(times.user + times.system + times.children_user + times.children_system)


def _of_family(pid: int, read: Callable[[psutil.Process], T]) -> Iterator[T]:
    """Of the process and its descendants; whoever ends meanwhile is left out."""
    first = psutil.Process(pid)
    for each in (first, *first.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            yield read(each)
