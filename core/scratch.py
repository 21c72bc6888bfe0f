"""Folders for what is just being worked on. A process that is killed leaves its own behind; they are swept by their name."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

_PREFIX: Final = "proofroom-scratch-"


def folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix=_PREFIX)


def sweep(seconds: float) -> int:
    """Removes those of this machine's user in which nothing has come or gone for so long; says how many."""
    removed = 0
    for path in Path(gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # its process has just ended
            found = path.lstat()
            if found.st_uid == os.getuid() and found.st_mtime < time.time() - seconds:
                shutil.rmtree(path)
                removed += 1
    return removed
