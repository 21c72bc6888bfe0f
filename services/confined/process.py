"""Starts a process that reads, and hears what it found."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, Final, Literal

import orjson
import structlog

from services.confined.limits import DAMAGED, LINE_BYTES, TOO_SLOW, USUAL, Limits, Unreadable

log = structlog.get_logger(__name__)

_ITS_OWN_FAULT: Final = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}


class ReaderFailed(Exception):
    """It ended without an answer, and what it read need not be the reason: another try may do."""


async def find(
    work: Literal["document", "feed", "page"],
    *named: str,
    given: bytes = b"",
    report: Callable[[float], None] = lambda share: None,
    limits: Limits = USUAL,
) -> Any:
    """What `work` finds in what is `named`, or `given`. Raises Unreadable and ReaderFailed."""
    numbers = os.getpid(), limits.memory_bytes, limits.cpu_seconds
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-W", "ignore", "-m", "services.confined", work, *map(str, numbers), *named),
        stdin=asyncio.subprocess.PIPE if given else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={},
        limit=LINE_BYTES,
    )
    try:
        async with asyncio.timeout(limits.clock_seconds):
            await _give(process, given)
            answer = await _listen(process, report)
            status = await process.wait()
    except TimeoutError as error:
        raise Unreadable(TOO_SLOW, retryable=True) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if answer is None:
        raise _ended(status)
    if "unreadable" in answer:
        log.info("confined.unreadable", work=work, cause=answer.get("cause"))
        raise Unreadable(answer["unreadable"])
    return answer["found"]


async def _give(process: asyncio.subprocess.Process, given: bytes) -> None:
    """It reads all of it before it says anything."""
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # what became of it, its status says
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _listen(
    process: asyncio.subprocess.Process, report: Callable[[float], None]
) -> dict[str, Any] | None:
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
        log.warning("confined.crashed", signal=number)
        return Unreadable(DAMAGED)
    return ReaderFailed(f"The reader ended with {status}.")
