"""`make bench`: cycles per second against bare LangGraph on the same PostgreSQL, in turns, at 1 and 16 callers."""

import asyncio
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import uvicorn
from pydantic import SecretStr

from bench import floor, ours
from core import log
from core.crypto import generate_key
from core.db import libpq_url
from core.embedded import Cluster
from core.settings import Deployment, Settings
from migrations.run import upgrade
from simulators.app import create_app

ROUNDS = 3
CYCLES = 48


async def measure(settings: Settings, floor_url: str) -> None:
    await floor.setup(floor_url)
    async with ours.running(settings) as service:
        for callers in (1, 16):
            each = max(CYCLES // callers, 2) if callers > 1 else CYCLES // 3
            rates: dict[str, list[float]] = {"floor": [], "ours": []}
            statements: list[float] = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                await floor.cycles(floor_url, callers, each)
                rates["floor"].append(callers * each / (time.perf_counter() - started))
                before = (service.counted.statements, service.counted.commits)
                started = time.perf_counter()
                await asyncio.gather(*(_caller(service, each) for _ in range(callers)))
                rates["ours"].append(callers * each / (time.perf_counter() - started))
                statements.append((service.counted.statements - before[0]) / (callers * each))
                commits = (service.counted.commits - before[1]) / (callers * each)
            ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates["floor"], strict=True))
            print(
                f"{callers:>2} callers: ours {statistics.median(rates['ours']):6.1f} cycles/s, "
                f"bare LangGraph {statistics.median(rates['floor']):6.1f} cycles/s, ratio {ratio:.2f}; "
                f"{statistics.median(statements):.0f} statements and {commits:.0f} commits a cycle"
            )


async def _caller(service: ours.Ours, each: int) -> None:
    for _ in range(each):
        await service.cycle()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as folder:
        cluster = Cluster(Path(folder) / "postgres")
        cluster.start()
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(None), log_level="critical", lifespan="off"))
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        try:
            settings = Settings(
                deployment=Deployment.EMBEDDED,
                database_url=SecretStr(cluster.url("proofroom")),
                secret_keys=[generate_key("1")],
                simulator_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
                log_level="warning",  # the result is what is to be read
            )
            log.configure(settings, "bench")
            upgrade(settings)
            # The stock saver's tables of its own, so that neither reads the other's rows.
            floor_url = libpq_url(settings).replace("search_path%3Dpublic%2Clanggraph", "search_path%3Dfloor")
            _floor_schema(libpq_url(settings))
            asyncio.run(measure(settings, floor_url))
        finally:
            server.should_exit = True
            cluster.stop()


def _floor_schema(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS floor")


if __name__ == "__main__":
    main()
