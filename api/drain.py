"""The end of a process, told before its server closes anything."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LAST_CALL_SECONDS: Final = 0.5
"""In which connections that are kept learn that they are not any longer: their next answer says so. A server that
closes one between two requests may meet a request that is on its way."""


@contextmanager
def noticing(begin: Callable[[], None]) -> Iterator[None]:
    """Call `begin` at the first SIGTERM or SIGINT; the server, whose handlers are in place, hears of it LAST_CALL_SECONDS
    later, and of a second signal at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    begun = False

    def tell_server(number: int, frame: FrameType | None) -> None:
        handler = servers[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal begun
        if begun:
            tell_server(number, frame)
            return
        begun = True
        loop.call_soon_threadsafe(begin)
        loop.call_soon_threadsafe(loop.call_later, LAST_CALL_SECONDS, tell_server, number, None)

    for number in servers:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)
