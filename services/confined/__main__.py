"""That process: `process` starts it and reads what it writes, a JSON object on each line.

Whatever it is given can make it slow, big or crash; it has no secret, no right to write, and limits.
"""

import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from core.processes import die_with
from services.confined.limits import DAMAGED, TOO_BIG, Unreadable

# Each loads what it needs by itself, since its libraries take their time.


def _document(path: str, media_type: str) -> object:
    from services.documents.reading import read

    return read(Path(path), media_type, _Progress().report)


def _feed() -> object:
    """The address comes with the body: whoever lists processes need not know it."""
    from services.syndication.feed_parsing import look

    about = orjson.loads(sys.stdin.buffer.readline())
    return look(sys.stdin.buffer.read(), **about)


def _page() -> object:
    from services.documents.page import article

    about = orjson.loads(sys.stdin.buffer.readline())
    return article(sys.stdin.buffer.read(), **about)


_WORK: Final[dict[str, Callable[..., object]]] = {"document": _document, "feed": _feed, "page": _page}


class _Progress:
    told = 0

    def report(self, share: float) -> None:
        if (percent := int(share * 100)) > self.told:
            self.told = percent
            _write({"progress": percent})


def main() -> None:
    work, parent, memory_bytes, cpu_seconds, *given = sys.argv[1:]
    die_with(int(parent), signal.SIGKILL)
    if work != "page":
        os.nice(10)  # nobody waits for it
    _limit(int(memory_bytes), int(cpu_seconds))
    logging.disable()  # of damaged files the libraries tell much
    try:
        _write({"found": _WORK[work](*given)})
    except Unreadable as error:
        _write({"unreadable": error.reason})
    except MemoryError:
        _write({"unreadable": TOO_BIG})
    except (ImportError, BrokenPipeError):  # ours, and not the file's
        raise
    except Exception as error:
        # Readers stumble over damaged files in every way there is.
        _write({"unreadable": DAMAGED, "cause": type(error).__name__})


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    if sys.platform == "linux":  # elsewhere the address space cannot be limited
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))


def _write(told: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
