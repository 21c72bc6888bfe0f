"""What a document may cost, and what its owner is told when it costs more."""

from typing import Final

MEMORY_BYTES: Final = 1024**3
"""Of address space: the libraries take 150 MiB of it."""
CPU_SECONDS: Final = 120
CLOCK_SECONDS: Final = 600.0
LINE_BYTES: Final = 32 * 1024 * 1024
"""What it may say at once: a text of a million characters with a hundred thousand places."""

DAMAGED: Final = (
    "It is damaged: it was cut off or is not what it says it is. Check that it opens, and upload it again."
)
TOO_BIG: Final = f"To read it takes more than {MEMORY_BYTES // 1024**2:,} MiB of memory. Split it, or take the pictures out."
TOO_SLOW: Final = (
    f"To read it takes more than {CPU_SECONDS} seconds. Split it, or save it anew as a plain PDF or text."
)
