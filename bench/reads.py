"""What one API process and two answer in a second: a workflow by its id, and the inbox; CPU of each answer beside it."""

import asyncio
import statistics
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import orjson
from httptools import HttpResponseParser
from rich import box
from rich.console import Console
from rich.table import Table

from bench.child import Warm, child
from bench.seed import Size, seed
from bench.service import Service, running

CALLERS = 16
WARM_UP_SECONDS = 1.0
SIZE = Size(reviews=2_000, posts=10_000, drafts=20_000, workspaces=20)
INBOX = "/v1/reviews?status=pending"


@dataclass(frozen=True, slots=True)
class Load:
    """`callers` connections, each asking for one path after the other, for so many seconds."""

    base_urls: tuple[str, ...]
    api_key: str
    paths: tuple[str, ...]
    callers: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answers:
    elapsed: float
    seconds: list[float]
    """Of each answer."""

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.elapsed

    def ms(self, percent: int) -> float:
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


class Connection(asyncio.Protocol):
    """Asks again as soon as it has its answer. As little client as there can be: it shares the service's cores."""

    def __init__(self, load: Load, paths: Sequence[str]) -> None:
        head = f"Host: localhost\r\nAuthorization: Bearer {load.api_key}\r\n\r\n"
        self._requests = cycle(f"GET {path} HTTP/1.1\r\n{head}".encode() for path in paths)
        self._transport: asyncio.WriteTransport
        self._asked = 0.0
        self._parser = HttpResponseParser(self)
        self._until = 0.0
        self.seconds: list[float] = []
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one without saying so

    def start(self, until: float) -> None:
        self._until = until
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._asked)
        if (status := self._parser.get_status_code()) != 200:
            self.done.set_exception(RuntimeError(f"answered with {status}"))
        elif now < self._until:
            self._ask()
        else:
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the service hung up"))

    def close(self) -> None:
        self._transport.close()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(next(self._requests))


async def ask(load: Load, warm: Warm) -> Answers:
    await _ask(load, WARM_UP_SECONDS)
    await warm()
    return await _ask(load, load.seconds)


async def _ask(load: Load, seconds: float) -> Answers:
    connections = [await _connect(load, number) for number in range(load.callers)]
    began = time.perf_counter()
    for connection in connections:
        connection.start(began + seconds)
    await asyncio.gather(*(connection.done for connection in connections))
    elapsed = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return Answers(elapsed, [second for connection in connections for second in connection.seconds])


async def _connect(load: Load, number: int) -> Connection:
    address = urlsplit(load.base_urls[number % len(load.base_urls)])
    paths = load.paths[number:] + load.paths[:number]
    assert address.hostname is not None
    assert address.port is not None
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(load, paths), address.hostname, address.port
    )
    return connection


def run(console: Console, *, quick: bool) -> dict[str, float]:
    seconds = 2.0 if quick else 10.0
    table = Table("reads", box=box.SIMPLE_HEAD)
    headings = ("API processes", "answers/s", "p50 ms", "p95 ms", "api CPU ms", "postgres CPU ms")
    for heading in headings:
        table.add_column(heading, justify="right")
    figures: dict[str, float] = {}
    with running(workers=0) as service, child(ask, "uvloop") as asking:
        seed(service.superuser_url, SIZE, big=service.owner.principal.workspace_id)
        by_id = workflow_paths(service)
        for processes in (1, 2):
            if processes > len(service.apis):
                service.add_api()
                service.await_ready()
            for name, paths in (("workflow", by_id), ("inbox", (INBOX,))):
                urls, key = tuple(service.base_urls), service.owner.api_key
                begin = asking.warm_up(Load(urls, key, paths, CALLERS, seconds))
                before = service.cpu_seconds()
                answers = begin()
                after = service.cpu_seconds()
                cpu = [(after[p] - before[p]) * 1000 / len(answers.seconds) for p in ("api", "postgres")]
                table.add_row(
                    f"{name}, {CALLERS} callers",
                    str(processes),
                    f"{answers.rate:.0f}",
                    *(f"{value:.1f}" for value in (answers.ms(50), answers.ms(95))),
                    *(f"{value:.2f}" for value in cpu),
                )
                suffix = "" if processes == 1 else "_two_processes"
                figures[f"reads_{name}_s{suffix}"] = answers.rate
                figures[f"reads_{name}_p95_ms{suffix}"] = answers.ms(95)
    console.print(table)
    return figures


def workflow_paths(service: Service) -> tuple[str, ...]:
    """Of the newest 200."""
    request = urllib.request.Request(
        f"{service.base_url}/v1/workflows?limit=200",
        headers={"Authorization": f"Bearer {service.owner.api_key}"},
    )
    with urllib.request.urlopen(request) as answer:
        return tuple(f"/v1/workflows/{found['id']}" for found in orjson.loads(answer.read())["items"])


if __name__ == "__main__":
    run(Console(highlight=False), quick="--quick" in sys.argv)
