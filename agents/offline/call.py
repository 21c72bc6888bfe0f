"""Offline work on the record: a call of the model "offline" that takes no tokens and costs nothing."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, TypeVar

from uuid_utils.compat import uuid7

from agents.base import OFFLINE, Meter, ModelCall, Prompt, Service, Usage

PROMPT: Final = Prompt(
    model=OFFLINE,
    text="No prompt: the offline writer and critic work with rules, without a language model.",
    hash=hashlib.sha256(b"offline").hexdigest(),
)
ResultT = TypeVar("ResultT")


async def metered(
    service: Service,
    meter: Meter,
    work: Callable[[], ResultT],
    written: Callable[[ResultT], str] = lambda _: "",
) -> ResultT:
    """`written` gives the text of the result that people watch."""
    call = ModelCall(uuid7(), service, OFFLINE, PROMPT.hash, Decimal(0))
    await meter.before(call)
    started = time.monotonic()
    status: Literal["completed", "failed", "cancelled"] = "failed"
    try:
        # In a thread: a text of a million characters takes a second, in which others want to go on.
        result = await asyncio.to_thread(work)
        if text := written(result):
            await meter.delta(call, text)
        status = "completed"
    except asyncio.CancelledError:
        status = "cancelled"
        raise
    finally:
        latency = round((time.monotonic() - started) * 1000)
        await asyncio.shield(meter.after(call, Usage(0, 0, Decimal(0), latency, status)))
    return result
