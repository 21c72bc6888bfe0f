"""Child processes that do not outlive the process that started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_LOG_BYTES = 10_000_000
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    on_parent_death: signal.Signals,
    env: Mapping[str, str],
    output: IO[bytes],
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a Ctrl-C reaches only the parent, which ends it in order.

    The kernel sends `on_parent_death` when the starting *thread* ends: call this from the main thread.
    Only Linux can do that; elsewhere a killed parent leaves its children behind.
    """
    return subprocess.Popen(
        command,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
        preexec_fn=_die_with(os.getpid(), on_parent_death),
    )


def die_with(parent: int, number: signal.Signals) -> None:
    """The same for a child that sees to it by itself, first of all, and was told its parent's id."""
    if prepare := _die_with(parent, number):
        prepare()


def stop(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> int:
    """Send each signal in turn and wait its seconds; whatever is left then is killed. Returns the exit status."""
    for number, seconds in steps:
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.wait()


def open_log(path: Path) -> IO[bytes]:
    """To append to; what has grown large is first put aside as `.1`, where it replaces the one before."""
    path.parent.mkdir(exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(f"{path.suffix}.1"))
    return path.open("ab")


def working_in(folder: Path) -> list[int]:
    """Ids of the processes whose working directory this is; none where there is no /proc."""
    return [pid for pid in _processes() if _cwd(pid) == folder]


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before the call: no signal would ever come
            os._exit(1)

    return prepare


def _processes() -> list[int]:
    proc = Path("/proc")
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()] if proc.is_dir() else []


def _cwd(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # gone meanwhile, or somebody else's
        return None
