"""Packed formats, looked at before anything in them is unpacked."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.confined.limits import Unreadable

MAX_ENTRIES: Final = 10_000
MAX_BYTES: Final = 512 * 1024 * 1024
"""Of all entries unpacked. zipfile gives out no more of one than its declared size."""
MAX_RATIO: Final = 200
"""Of an entry larger than `_SMALL`; real XML stays below 50, zeros reach 1,000."""
_SMALL: Final = 4 * 1024 * 1024


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Raises Unreadable when it is damaged, protected, or a bomb."""
    try:
        packed = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable("It is damaged: it was cut off or is no whole file. Upload it again.") from error
    with packed:
        _check(packed.infolist())
        yield packed


def _check(entries: list[zipfile.ZipInfo]) -> None:
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("It is protected by a password. Save it without one and upload it again.")
    if len(entries) > MAX_ENTRIES:
        raise Unreadable(f"It is packed of more than {MAX_ENTRIES:,} files, which no document is.")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise Unreadable(
            f"Unpacked it has more than {MAX_BYTES // 1024**2:,} MiB. Remove pictures and films from it."
        )
    for entry in entries:
        if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * entry.compress_size:
            raise Unreadable("It unpacks to far more than it holds, as only a trap does; it was not opened.")
