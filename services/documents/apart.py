"""Reads a document in a process of its own, which cannot harm this one."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from services.documents.document import Document, Place, Report, Unreadable
from services.documents.limits import DAMAGED, LINE_BYTES, TOO_SLOW, USUAL, Limits

log = structlog.get_logger(__name__)

_ITS_OWN_FAULT: Final = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


class ReaderFailed(Exception):
    """It ended without an answer, and the document need not be the reason: another try may do."""


async def read(path: Path, media_type: str, report: Report, limits: Limits = USUAL) -> Document:
    """Raises Unreadable and ReaderFailed."""
    numbers = os.getpid(), limits.memory_bytes, limits.cpu_seconds
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-W", "ignore", "-m", "services.documents"),
        *(str(path), media_type, *map(str, numbers)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={},
        limit=LINE_BYTES,
    )
    try:
        async with asyncio.timeout(limits.clock_seconds):
            answer = await _listen(process, report)
            status = await process.wait()
    except TimeoutError as error:
        raise Unreadable(TOO_SLOW) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if answer is None:
        raise _ended(status)
    if "unreadable" in answer:
        log.info("document.unreadable", cause=answer.get("cause"))
        raise Unreadable(answer["unreadable"])
    found = answer["document"]
    return Document(
        found["text"],
        tuple(Place(**place) for place in found["places"]),
        found["title"],
        found["language"],
    )


async def _listen(process: asyncio.subprocess.Process, report: Report) -> dict[str, Any] | None:
    assert process.stdout is not None
    async for line in process.stdout:
        told: dict[str, Any] = orjson.loads(line)
        if "progress" not in told:
            return told
        report(told["progress"] / 100)
    return None


def _ended(status: int) -> Exception:
    number = -status
    if number == signal.SIGXCPU:
        return Unreadable(TOO_SLOW)
    if number in _ITS_OWN_FAULT:
        log.warning("document.crashed_its_reader", signal=number)
        return Unreadable(DAMAGED)
    return ReaderFailed(f"The reader ended with {status}.")
