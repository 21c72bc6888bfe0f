"""The process in which a document is read: `apart` starts it and reads what it writes, a JSON object on each line.

Whatever is in the file can make it slow, big or crash; it has no secret, no right to write, and limits.
"""

import logging
import os
import resource
import signal
import sys
from pathlib import Path

import orjson

from core.processes import die_with
from services.documents.document import Unreadable
from services.documents.limits import DAMAGED, TOO_BIG
from services.documents.reading import read


def main() -> None:
    path, media_type, *numbers = sys.argv[1:]
    parent, memory_bytes, cpu_seconds = map(int, numbers)
    die_with(parent, signal.SIGKILL)
    _limit(memory_bytes, cpu_seconds)
    logging.disable()  # of damaged files the libraries tell much
    told = 0

    def report(share: float) -> None:
        nonlocal told
        if (percent := int(share * 100)) > told:
            told = percent
            _write({"progress": percent})

    try:
        _write({"document": read(Path(path), media_type, report)})
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
    os.nice(10)  # nobody waits for it
    if sys.platform == "linux":  # elsewhere the address space cannot be limited
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(nothing, (0, 0))


def _write(told: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
