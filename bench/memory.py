"""What waiting costs the processes: their memory while ever more workflows are started and wait for a person."""

import asyncio
import sys
import time
from collections.abc import Iterator
from typing import Final

import aiohttp
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from bench.driver import BRIEF
from bench.service import Service, running

CALLERS: Final = 16
PATIENCE_SECONDS: Final = 120.0
_WAITING: Final = "SELECT count(*) FROM platform_states WHERE status = 'awaiting_review'"


def run(console: Console, *, quick: bool) -> dict[str, float]:
    """The first fifth is warm-up: pools, caches and the allocator take what they need."""
    steps = range(60, 301, 60) if quick else range(2_000, 10_001, 2_000)
    table = Table("workflows waiting", box=box.SIMPLE_HEAD)
    for heading in ("api MiB", "worker MiB", "KiB more for each, api", "worker"):
        table.add_column(heading, justify="right")
    points: list[tuple[int, float, float]] = []
    with running(journal=False) as service:
        started = 0
        for target in steps:
            asyncio.run(_start(service, target - started))
            started = target
            _await_all(service, target)
            api, worker = (each.rss_bytes() / 1024 for each in (service.apis[0], service.workers[0]))
            points.append((target, api, worker))
    first = points[0]
    for number, api, worker in points:
        more = [
            f"{(now - then) / (number - first[0]):.2f}" if number > first[0] else ""
            for now, then in ((api, first[1]), (worker, first[2]))
        ]
        table.add_row(str(number), f"{api / 1024:.1f}", f"{worker / 1024:.1f}", *more)
    console.print(table)
    number, api, worker = points[-1]
    return {
        "api_rss_mib": api / 1024,
        "worker_rss_mib": worker / 1024,
        "api_rss_kib_per_waiting": (api - first[1]) / (number - first[0]),
        "worker_rss_kib_per_waiting": (worker - first[2]) / (number - first[0]),
    }


async def _start(service: Service, number: int) -> None:
    headers = {"Authorization": f"Bearer {service.owner.api_key}"}
    left = iter(range(number))
    async with aiohttp.ClientSession(headers=headers) as http:

        async def caller(numbers: Iterator[int]) -> None:
            for _ in numbers:
                async with http.post(f"{service.base_url}/v1/workflows", json=BRIEF) as answer:
                    answer.raise_for_status()

        await asyncio.gather(*(caller(left) for _ in range(CALLERS)))


def _await_all(service: Service, number: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(service.superuser_url, autocommit=True) as connection:
        while (found := connection.execute(_WAITING).fetchone()) != (number,):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found} of {number} workflows wait for a person")
            time.sleep(0.1)


if __name__ == "__main__":
    run(Console(highlight=False), quick="--quick" in sys.argv)
