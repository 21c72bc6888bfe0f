"""What reading may cost, and what is said when it costs more."""

from dataclasses import dataclass
from typing import Final

LINE_BYTES: Final = 32 * 1024 * 1024
"""What the reader may say at once: a text of a million characters with a hundred thousand places."""
DAMAGED: Final = (
    "It is damaged: it was cut off or is not what it says it is. Check that it opens, and upload it again."
)
TOO_BIG: Final = (
    "To read it takes more memory than one document may have. Split it, or take the pictures out."
)
TOO_SLOW: Final = (
    "To read it takes longer than one document may take. Split it, or save it anew as a plain PDF or text."
)


class Unreadable(Exception):
    """`reason` is for the person whose file it is: what is wrong, and what to do. `retryable`: the same file may be read
    after all, once something outside of it has changed."""

    def __init__(self, reason: str, *, retryable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Limits:
    memory_bytes: int = 1024**3
    """Of address space: the libraries take 150 MiB of it."""
    cpu_seconds: int = 120
    clock_seconds: float = 600.0


USUAL: Final = Limits()
