"""A PDF of 300 pages to its text, in the process that a worker starts for it."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import psutil
from rich import box
from rich.console import Console
from rich.table import Table

from services.documents import Document, apart
from tests.plugins.documents import pdf

PAGES: Final = 300
LINES: Final = 42
WORDS: Final = 12
"""A line; some 500 words a page, as in a printed book."""
_POLL_SECONDS: Final = 0.05


def run(console: Console, *, quick: bool) -> dict[str, float]:
    pages = 10 if quick else PAGES
    with TemporaryDirectory() as folder:
        path = Path(folder, "book.pdf")
        path.write_bytes(book(pages))
        document, seconds, cpu, peak = asyncio.run(_measure(path))
    assert len(document.places) == pages
    table = Table("text from a document", box=box.SIMPLE_HEAD)
    for heading in ("characters", "seconds", "CPU seconds", "peak MiB"):
        table.add_column(heading, justify="right")
    table.add_row(
        f"PDF, {pages} pages", f"{len(document.text):,}", f"{seconds:.1f}", f"{cpu:.1f}", f"{peak:.0f}"
    )
    console.print(table)
    return {"pdf_seconds": seconds, "pdf_cpu_seconds": cpu, "pdf_peak_mib": peak}


def book(pages: int) -> bytes:
    """Set as books are: each line with the distances between its letters corrected."""
    dice = Random(1)
    letters = "etaoinshrdlu"

    def line() -> str:
        words = ("".join(dice.choices(letters, k=dice.randint(2, 8))) for _ in range(WORDS))
        return ") -250 (".join(f"{word[:2]}) {dice.randint(-40, 40)} ({word[2:]}" for word in words)

    return pdf(*([line() for _ in range(LINES)] for _ in range(pages)), kerned=True)


async def _measure(path: Path) -> tuple[Document, float, float, float]:
    """Seconds, CPU seconds and MiB of resident memory of the process that reads it."""
    began = time.monotonic()
    reading = asyncio.create_task(apart.read(path, "application/pdf", lambda share: None))
    cpu = peak = 0.0
    while not reading.done():
        await asyncio.wait([reading], timeout=_POLL_SECONDS)
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                times = child.cpu_times()
                cpu, peak = times.user + times.system, max(peak, child.memory_info().rss / 1024**2)
    return await reading, time.monotonic() - began, cpu, peak
