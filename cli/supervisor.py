"""Keeps child processes running: whatever dies is started again, later each time that it dies soon."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import processes

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_STEADY_SECONDS = 60.0
"""Who has lived that long starts with a short pause again."""
_LAST_BYTES = 4000
_IMPORTANT = {"error", "critical"}


@dataclass
class Child:
    """One service: its command, its log, and how it has fared."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    deaths: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _started: float = 0
    _due: float = 0
    _read_from: int = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        with processes.open_log(self.log) as output:
            self._read_from = output.tell()
            self._started = time.monotonic()
            # Nobody is left to wait for it, and its database ends too: it goes at once.
            self._process = processes.spawn(
                self.command, on_parent_death=signal.SIGKILL, env=self.env, output=output
            )

    def check(self, report: Callable[[str], None], buried: Callable[[int], None]) -> None:
        """Start it again when it is dead and its pause is over."""
        for line in self.important():
            report(f"{self.name}: {line}")
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self.start()
            return
        if (status := self._process.poll()) is None:
            return
        buried(self._process.pid)
        self._process = None
        self.deaths = self.deaths + 1 if now - self._started < _STEADY_SECONDS else 1
        pause = min(_FIRST_PAUSE * 2 ** (self.deaths - 1), _LONGEST_PAUSE)
        self._due = now + pause
        report(f"{self.name} ended ({_words(status)}), starting it again: {self.last_words()}")

    def last_words(self) -> str:
        lines = _read(self.log, -_LAST_BYTES).decode(errors="replace").strip().splitlines()
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{_event(said)[:300]} (its log: {self.log})"

    def important(self) -> list[str]:
        """What its log says of errors since the last time."""
        whole, newline, _ = _read(self.log, self._read_from).rpartition(b"\n")
        self._read_from += len(whole) + len(newline)
        return [event for line in whole.splitlines() if (event := _error(line))]

    def ask_to_end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        if self._process is not None:
            processes.stop(self._process, (signal.SIGTERM, max(0.0, deadline - time.monotonic())))
            self._process = None


@dataclass
class Supervisor:
    """`groups` start one after the other and end in the reverse order; call everything from the main thread."""

    groups: Sequence[Sequence[Child]]
    report: Callable[[str], None]
    buried: Callable[[int], None]
    """Told the id of each process that ended."""
    drain_seconds: float = 15.0
    """Who has not ended by then is killed."""
    _running: list[Sequence[Child]] = field(default_factory=list)

    def start(self) -> None:
        for group in self.groups:
            self._running.append(group)
            for child in group:
                child.start()

    def check(self) -> None:
        for group in self._running:
            for child in group:
                child.check(self.report, self.buried)

    def deaths(self, name: str) -> int:
        """In a row, of that child."""
        return next(child.deaths for group in self.groups for child in group if child.name == name)

    def stop(self) -> None:
        while self._running:
            group = self._running.pop()
            deadline = time.monotonic() + self.drain_seconds
            for child in group:
                child.ask_to_end()
            for child in group:
                child.end(deadline)


def _read(log: Path, start: int) -> bytes:
    """From there on, or so many bytes before its end; nothing where somebody has taken the log away."""
    try:
        with log.open("rb") as opened:
            size = opened.seek(0, os.SEEK_END)
            opened.seek(max(0, size + start) if start < 0 else start)
            return opened.read()
    except FileNotFoundError:
        return b""


def _words(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit code {status}"


def _error(line: bytes) -> str | None:
    entry = _entry(line)
    return " ".join(str(entry.get("event", "")).split()) if entry.get("level") in _IMPORTANT else None


def _event(line: str) -> str:
    return str(_entry(line).get("event", line))


def _entry(line: str | bytes) -> dict[str, object]:
    """Empty for what is not one of our JSON lines."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
