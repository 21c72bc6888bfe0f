"""`python -m bench.listeners`: what those cost one API process who follow a workspace in which nothing happens."""

import asyncio
import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from rich.console import Console

from bench.child import Warm, child
from bench.service import running

LISTENERS: Final = 5_000
IDLE_SECONDS: Final = 30.0
"""Two heartbeats of each."""
PATIENCE_SECONDS: Final = 60.0
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Following:
    url: str
    api_key: str = field(repr=False)
    number: int


def run(console: Console, *, quick: bool) -> dict[str, float]:
    number = LISTENERS // 10 if quick else LISTENERS
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (most, most)
    )  # of the processes that are started from here, too
    with child(follow, "uvloop") as listeners, running(workers=0, journal=False) as service:
        api, key = service.apis[0], service.owner.api_key
        listeners.warm_up(Following(service.base_url, key, 1))()  # what is loaded when the first one comes
        before = api.rss_bytes()
        let_go = listeners.warm_up(Following(service.base_url, key, number))
        joined, cpu, began = api.rss_bytes(), api.cpu_seconds(), time.monotonic()
        time.sleep(IDLE_SECONDS / 5 if quick else IDLE_SECONDS)
        idle = (api.cpu_seconds() - cpu) / (time.monotonic() - began)
        after = api.rss_bytes()
        connected = let_go()
    each = (after - before) / number / 1024
    console.print(
        f"{connected} of {number} listeners on one API process: {before / 1024**2:.1f} MiB before,"
        f" {joined / 1024**2:.1f} when all had joined, {after / 1024**2:.1f} a while later: {each:.1f} KiB each;"
        f" {idle * 100:.1f} % of a core while nothing happens"
    )
    return {"listeners": connected, "listener_kib": each, "listeners_idle_cores": idle}


async def follow(task: Following, warm: Warm) -> int:
    """How many are connected in the end."""
    where, turn = urlsplit(task.url), asyncio.Semaphore(AT_ONCE)
    request = (
        f"GET /v1/events HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {task.api_key}\r\n\r\n"
    )

    async def join() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with turn, asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(request.encode())
            await reader.readuntil(b"event: stream.position")
        return reader, writer

    joined = await asyncio.gather(*(join() for _ in range(task.number)))
    await warm()
    connected = sum(not reader.at_eof() for reader, _ in joined)
    for _, writer in joined:
        writer.close()
    return connected


if __name__ == "__main__":
    run(Console(highlight=False), quick="--quick" in sys.argv)
