"""How long a commit waits for the disk: 0.1 ms where a host caches it, 0.5 to 3 ms on a volume that really keeps it.

Bare LangGraph flushes one after the other on its one connection, so that this alone changes what a service is compared with.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_PAGE = 8192
"""Bytes: what a small commit adds to the log."""
_FLUSHES = 200
_SYNC = getattr(os, "fdatasync", os.fsync)  # macOS has the second alone


def flush_ms(folder: Path) -> float:
    """After a page is written to a file that has its size already, as PostgreSQL's log has; the median."""
    file = folder / "flushed"
    with file.open("wb", buffering=0) as opened:
        opened.write(bytes(_PAGE * _FLUSHES))
        os.fsync(opened.fileno())
        opened.seek(0)
        seconds = [_flushed(opened.fileno()) for _ in range(_FLUSHES)]
    file.unlink()
    return statistics.median(seconds) * 1000


def _flushed(descriptor: int) -> float:
    os.write(descriptor, bytes(_PAGE))
    began = time.perf_counter()
    _SYNC(descriptor)
    return time.perf_counter() - began


@contextmanager
def slower(superuser_url: str, milliseconds: float) -> Iterator[None]:
    """Each flush of the log takes so much longer, for everybody on this server.

    PostgreSQL waits `commit_delay` before a flush while it holds the log's write lock; `commit_siblings` 0 makes it wait always.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET commit_delay = {round(milliseconds * 1000)}")
        connection.execute("ALTER SYSTEM SET commit_siblings = 0")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            connection.execute("ALTER SYSTEM RESET commit_delay")
            connection.execute("ALTER SYSTEM RESET commit_siblings")
            connection.execute("SELECT pg_reload_conf()")
