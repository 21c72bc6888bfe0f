"""The end of a process: who waits is answered, and a request that is on its way still comes in."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LAST_CALL_SECONDS: Final = 0.5
"""In which a connection without a request is still answered: whoever holds it may have sent one, and cannot know
whether a connection that is closed instead of answering took it."""


@contextmanager
def noticing(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` at the first SIGTERM or SIGINT, before the server, whose handlers are in place, closes anything."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def hear(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)
        handler = servers[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in servers:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)
