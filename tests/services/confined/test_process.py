"""The process in which documents are read: what it may do, and what becomes of it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import docx
import psutil
import pytest

from services.confined import process
from services.confined.limits import DAMAGED, TOO_BIG, TOO_SLOW, Limits
from services.documents import Unreadable, apart, read
from tests.plugins.documents import epub, pdf

PARENT = """
import asyncio, sys
from pathlib import Path
from services.documents import apart
asyncio.run(apart.read(Path(sys.argv[1]), "text/plain", print))
"""


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file whose reader waits for ever, while `reader_of` holds it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@asynccontextmanager
async def reader_of(path: Path) -> AsyncIterator[psutil.Process]:
    """As soon as it has opened the file: all that it does before is done then."""
    held = -1
    while held < 0:
        try:
            held = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it yet
            await asyncio.sleep(0.01)
    try:
        yield next(each for each in psutil.process_iter() if reads(each, path))
    finally:
        os.close(held)


def reads(process: psutil.Process, path: Path) -> bool:
    try:
        return str(path) in process.cmdline() and "services.confined" in process.cmdline()
    except psutil.Error:
        return False


async def test_it_says_the_same_and_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tea"
    path.write_bytes(pdf(*([f"Page {number}."] for number in range(1, 5)), title="Tea"))
    shares: list[float] = []
    assert await apart.read(path, "application/pdf", shares.append) == read(path, "application/pdf")
    assert shares == [0.25, 0.5, 0.75, 1.0]


async def test_it_has_no_secrets_no_files_to_write_and_limits(
    endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    reading = asyncio.create_task(apart.read(endless, "text/plain", print, Limits(memory_bytes=2**29)))
    async with reader_of(endless) as process:
        assert not any("secret" in value for value in process.environ().values())
        assert process.rlimit(psutil.RLIMIT_AS) == (2**29, 2**29)
        assert process.rlimit(psutil.RLIMIT_CPU)[0] == 120
        assert process.rlimit(psutil.RLIMIT_FSIZE) == process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert not process.is_running()


async def test_it_does_not_outlive_who_started_it(endless: Path) -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, str(endless))
    async with reader_of(endless) as process:
        parent.kill()
        await parent.wait()
        await asyncio.to_thread(process.wait, 5)


async def test_what_takes_too_long_is_ended(endless: Path) -> None:
    limits = Limits(clock_seconds=1.0)
    reading = asyncio.create_task(apart.read(endless, "text/plain", print, limits))
    async with reader_of(endless) as process:
        with pytest.raises(Unreadable, match=TOO_SLOW):
            await reading
        assert not process.is_running()


async def test_what_takes_too_much_is_ended(tmp_path: Path) -> None:
    large, slow = tmp_path / "large", tmp_path / "slow"
    large.write_bytes(epub({"a.xhtml": "Tea."}, {"book/a.xhtml": os.urandom(16_384) * 6000}))
    slow.write_bytes(b"<html>" + b"<p>Tea is older than coffee.</p>" * 100_000)
    for path, limits, reason in (
        (large, Limits(memory_bytes=150 * 1024**2), TOO_BIG),
        (slow, Limits(cpu_seconds=1), TOO_SLOW),
    ):
        with pytest.raises(Unreadable, match=reason):
            await apart.read(path, "text/html", print, limits)
    feed = b'{"url": "", "content_type": ""}\n<rss version="2.0"><channel><item>' + b"<a>" * 1_000_000
    with pytest.raises(Unreadable, match=TOO_SLOW):
        await process.find("feed", given=feed, limits=Limits(cpu_seconds=1))


async def test_damaged_ones_say_so(tmp_path: Path) -> None:
    """Whatever their readers stumble over."""
    word = BytesIO()
    docx.Document().save(word)
    whole = {
        "pdf": pdf(["One."], ["Two."]).replace(b"/Kids [4 0 R 6 0 R]", b"/Kids [9 9 9 9 9 9]"),
        "docx": word.getvalue().replace(b"[Content_Types].xml", b"[Kontent_Types].xml"),
        "epub": epub({"a.xhtml": "x"}).replace(b"META-INF", b"META_INF", 1),
    }
    for name, content in whole.items():
        (tmp_path / name).write_bytes(content)
    reasons = await asyncio.gather(
        *(apart.read(tmp_path / name, "x/y", print) for name in whole), return_exceptions=True
    )
    for reason in reasons:
        assert isinstance(reason, Unreadable)
        assert reason.reason.startswith(DAMAGED[:13])
