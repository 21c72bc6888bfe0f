"""The data directory of `proofroom up`: who holds it, where it serves, and what it must find again."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cli.sockets import listen
from core.errors import ConfigurationError, Conflict

LOOPBACK = "127.0.0.1"
OWNER_KEY_FILE = "owner-key"
_STATE_FILE = "up.json"
_GOING_SECONDS = 3.0


class AlreadyRunning(Conflict):
    """Another `proofroom up` holds the data directory."""


@dataclass(frozen=True, slots=True)
class Running:
    """What other processes may know of an `up`: the command line finds the service by it."""

    pid: int
    url: str
    simulator_url: str | None
    database_url: str | None = None
    """The embedded server's, once it runs; without a password."""


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the directory, made if need be. Raises AlreadyRunning, or ConfigurationError where none can be made."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / "up.lock").open("ab")
    except OSError as error:
        raise _cannot_be(data_dir, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = read(data_dir)
            where = f" (process {running.pid}, {running.url})" if running else ""
            raise AlreadyRunning(
                f"Proofroom is running on {data_dir} already{where}.",
                remedy="Use that one, stop it, or choose another --data-dir.",
            ) from error
        yield


def read(data_dir: Path) -> Running | None:
    """The `up` that ran here last; None when there was none. Raises ConfigurationError where that cannot be seen."""
    try:
        return Running(**json.loads((data_dir / _STATE_FILE).read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):  # or it was killed while writing
        return None
    except OSError as error:
        raise _cannot_be(data_dir, error) from error


def write(data_dir: Path, url: str, simulator_url: str | None, database_url: str | None = None) -> None:
    running = Running(os.getpid(), url, simulator_url, database_url)
    (data_dir / _STATE_FILE).write_text(json.dumps(asdict(running)))


def simulator_url(data_dir: Path, wanted_port: int) -> str:
    """The same at every start, since posts' addresses contain it. Raises ConfigurationError when it is taken."""
    before = read(data_dir)
    if before and before.simulator_url:
        port = port_of(before.simulator_url)
        try:
            require_free(data_dir, LOOPBACK, port)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"Port {port}, where this data directory's simulated platforms are, is taken.",
                remedy="Stop what uses it, or start without them: --no-simulators.",
            ) from error
        return before.simulator_url
    return f"http://{LOOPBACK}:{free_port(wanted_port)}"


def free_port(wanted: int) -> int:
    """On loopback: the wanted one, or where that is taken any other."""
    try:
        free = listen(LOOPBACK, wanted)
    except ConfigurationError:
        free = listen(LOOPBACK, 0)
    with free:
        port: int = free.getsockname()[1]
    return port


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def require_free(data_dir: Path, host: str, port: int) -> None:
    """Raises ConfigurationError. What an `up` that was killed leaves behind ends within a moment."""
    deadline = time.monotonic() + (_GOING_SECONDS if read(data_dir) else 0)
    while True:
        try:
            listen(host, port).close()
        except ConfigurationError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _cannot_be(data_dir: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{data_dir} cannot be the data directory: {error.strerror}.",
        remedy="Choose another with --data-dir or PROOFROOM_DATA_DIR.",
    )
