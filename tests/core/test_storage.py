"""One behaviour, on a directory and on a bucket."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from core.storage import PART_BYTES, READ_BYTES, Storage, StorageUnavailable, of


async def chunks(*given: bytes, then: BaseException | None = None) -> AsyncIterator[bytes]:
    for each in given:
        yield each
    if then is not None:
        raise then


async def content(storage: Storage, path: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in storage.read(path, start, end)])


async def paths(storage: Storage, prefix: str | None = None) -> set[str]:
    return {found.path async for batch in storage.listing(prefix) for found in batch}


async def test_what_is_put_is_there_whole_and_in_ranges(storage: Storage, tmp_path: Path) -> None:
    large = os.urandom(PART_BYTES + 100)
    await storage.put("a/one.bin", chunks(large[:70_000], large[70_000:]))
    await storage.put("a/empty.txt", chunks())
    found = await storage.head("a/one.bin")
    assert found is not None
    assert (found.path, found.size) == ("a/one.bin", len(large))
    assert await content(storage, "a/one.bin") == large
    for start, end in ((0, 1), (5, 10), (READ_BYTES - 1, READ_BYTES + 1), (len(large) - 1, len(large))):
        assert await content(storage, "a/one.bin", start, end) == large[start:end]
    assert await content(storage, "a/empty.txt") == b""
    await storage.download("a/one.bin", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == large


async def test_a_put_that_breaks_off_leaves_nothing(storage: Storage) -> None:
    for error in (ValueError("cut"), FileNotFoundError("cut")):
        with pytest.raises(type(error), match="cut"):
            await storage.put("a/cut.bin", chunks(bytes(PART_BYTES * 2), then=error))
    never = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES * 2)
        never.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(storage.put("a/cut.bin", endless()))
    await never.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await paths(storage) == set()
    assert await storage.head("a/cut.bin") is None


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(storage: Storage) -> None:
    await storage.put("a/b/one.txt", chunks(b"one"))
    await storage.put("a/c/two.txt", chunks(b"two"))
    assert await paths(storage) == {"a/b/one.txt", "a/c/two.txt"}
    assert await paths(storage, "a/b") == {"a/b/one.txt"}
    for _ in range(2):
        await storage.delete("a/b/one.txt")
        assert await paths(storage) == {"a/c/two.txt"}
    with pytest.raises(FileNotFoundError):
        await content(storage, "a/b/one.txt")
    with pytest.raises(FileNotFoundError):
        await content(storage, "a/b/one.txt", 0, 3)


async def test_the_directory_is_its_users_and_is_swept(tmp_path: Path) -> None:
    storage = of(Settings(data_dir=tmp_path))
    assert (tmp_path / "objects").stat().st_mode & 0o777 == 0o700
    await storage.put("a/kept.txt", chunks(b"kept"))
    for name in ("a/killed.bin#1", "a/running.bin#1"):
        (tmp_path / "objects" / name).write_bytes(b"half")
    os.utime(tmp_path / "objects" / "a" / "killed.bin#1", (0, 0))
    (tmp_path / "objects" / "a" / "finished.bin#1").symlink_to(
        "gone"
    )  # as a put leaves it that ends just now
    assert await storage.remove_unfinished(3600) == 1
    left = {file.name for file in (tmp_path / "objects" / "a").iterdir()}
    assert left == {"kept.txt", "running.bin#1", "finished.bin#1"}


async def test_a_store_that_does_not_answer_says_so(tmp_path: Path) -> None:
    objects = tmp_path / "objects"
    storage = of(Settings(data_dir=tmp_path))
    objects.rmdir()
    objects.write_text("not a directory")
    with pytest.raises(StorageUnavailable):
        await storage.put("a/one.txt", chunks(b"one"))
    for url in ("ftp://elsewhere", "file:///dev/null/objects"):
        with pytest.raises(ConfigurationError, match="PROOFROOM_STORAGE_URL"):
            of(Settings(data_dir=tmp_path, storage_url=url))
