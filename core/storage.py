"""The object store: a directory of this machine, or a bucket that every process reaches.

An object is whole or it is not there; none is ever changed.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from core.errors import ConfigurationError, Unavailable
from core.settings import Settings

if TYPE_CHECKING:
    from obstore import ObjectMeta  # of the stubs only

PART_BYTES: Final = 5 * 1024 * 1024
"""What a bucket takes as one part at least. A put holds `_PARTS` of them, whatever the object's size."""
_PARTS: Final = 3
READ_BYTES: Final = 2 * 1024 * 1024
_LIST: Final = 1000
_UNFINISHED: Final = re.compile(r".*#\d+")
"""What a local put that was killed leaves behind; the listing does not show it."""


class StorageUnavailable(Unavailable):
    title = "The storage does not answer"


@dataclass(frozen=True, slots=True)
class Stored:
    path: str
    size: int
    modified_at: datetime


class Storage:
    """Every method raises StorageUnavailable when the store does not answer or does not let us in."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder

    async def put(self, path: str, chunks: AsyncIterable[bytes]) -> None:
        """What `chunks` raises is raised, and nothing is stored then."""
        failure: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except BaseException as error:
                failure.append(error)
                raise

        try:
            await obstore.put_async(
                self._store, path, watched(), chunk_size=PART_BYTES, max_concurrency=_PARTS
            )
        except obstore.exceptions.BaseError as error:
            raise _unavailable() from error
        except OSError as error:
            raise (failure[0] if failure else _unavailable()) from error

    async def head(self, path: str) -> Stored | None:
        try:
            return _stored(await obstore.head_async(self._store, path))
        except FileNotFoundError:
            return None
        except (obstore.exceptions.BaseError, OSError) as error:
            raise _unavailable() from error

    async def read(self, path: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`. Raises FileNotFoundError when there is no such object.

        Asked for piece by piece: no request is open for as long as a slow reader takes.
        """
        if end is None:
            found = await self.head(path)
            if found is None:
                raise FileNotFoundError(path)
            end = found.size
        while start < end:
            stop = min(start + READ_BYTES, end)
            try:
                piece = await obstore.get_range_async(self._store, path, start=start, end=stop)
            except FileNotFoundError:
                raise
            except (obstore.exceptions.BaseError, OSError) as error:
                raise _unavailable() from error
            yield piece.to_bytes()
            start = stop

    async def download(self, path: str, target: Path) -> None:
        """Into a file of this machine. Raises FileNotFoundError when there is no such object."""
        with target.open("wb") as file:
            async for piece in self.read(path):
                await asyncio.to_thread(file.write, piece)

    async def delete(self, path: str) -> None:
        """It is gone afterwards, whether it was there or not."""
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return
        except (obstore.exceptions.BaseError, OSError) as error:
            raise _unavailable() from error

    async def listing(self, prefix: str | None = None) -> AsyncIterator[list[Stored]]:
        """In batches. `prefix` ends between two slashes of the path."""
        try:
            async for batch in obstore.list(self._store, prefix, chunk_size=_LIST):
                yield [_stored(each) for each in batch]
        except (obstore.exceptions.BaseError, OSError) as error:
            raise _unavailable() from error

    async def remove_unfinished(self, seconds: float) -> int:
        """What puts that were killed left behind in a directory so long ago; a bucket has a lifecycle rule for that."""
        return await asyncio.to_thread(_remove_unfinished, self._folder, seconds) if self._folder else 0


def of(settings: Settings) -> Storage:
    """The one that this process's settings name. Raises ConfigurationError."""
    return _open(settings.storage_url, settings.data_dir / "objects")


@lru_cache(maxsize=8)
def _open(url: str | None, folder: Path) -> Storage:
    try:
        if url is None or url.startswith("file://"):
            folder = Path(url.removeprefix("file://")) if url else folder
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Storage(LocalStore(folder.absolute(), automatic_cleanup=True), folder)
        return Storage(from_url(url))
    except (obstore.exceptions.BaseError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"PROOFROOM_STORAGE_URL names no storage: {str(error).splitlines()[0]}",
            remedy="Give s3://bucket/prefix, or a directory that can be made, or leave it out for the data directory.",
        ) from error


def _remove_unfinished(folder: Path, seconds: float) -> int:
    removed = 0
    for inside, _, names in os.walk(folder):  # which passes over what has been removed meanwhile
        for file in (Path(inside, name) for name in names if _UNFINISHED.fullmatch(name)):
            with suppress(FileNotFoundError):  # its put has just ended
                if file.stat().st_mtime < time.time() - seconds:
                    file.unlink()
                    removed += 1
    return removed


def _stored(meta: "ObjectMeta") -> Stored:
    return Stored(meta["path"], meta["size"], meta["last_modified"])


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The file storage does not answer.", remedy="Try again in a moment.", retry_after=5
    )
