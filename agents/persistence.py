"""Asking a model again when what went wrong may pass."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from agents.failures import Failure

RETRY_AFTER_LIMIT_SECONDS: Final = 30.0
"""A server that asks for a longer pause gets it from the caller, who does not sit and wait."""
_PAUSE: Final = random.SystemRandom()

T = TypeVar("T")


async def persist(attempt: Callable[[], Awaitable[T | Failure]], model: str, retries: int) -> T:
    """Raises ModelFailed after so many retries, at a failure that does not pass, or when asked to wait for long."""
    attempts = 0
    while isinstance(result := await attempt(), Failure):
        attempts += 1
        pause = _backoff(attempts) if result.retry_after is None else result.retry_after
        if not result.passing or attempts > retries or pause > RETRY_AFTER_LIMIT_SECONDS:
            raise result.error(model, attempts)
        await asyncio.sleep(pause)
    return result


def _backoff(attempts: int) -> float:
    return min(8.0, 0.125 * 2.0**attempts) * _PAUSE.uniform(0.5, 1.0)
