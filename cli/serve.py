"""`proofroom api`, `proofroom worker`: the processes that serve. SIGTERM lets them finish what they hold."""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn
import uvloop
from uvicorn.supervisors import Multiprocess

from api.connection import Connection
from cli.sockets import close_door, listen
from core import collector, faults, log, telemetry
from core.settings import Settings, load

if TYPE_CHECKING:
    from fastapi import FastAPI

_DRAIN_SECONDS = 10
"""Event streams do not end by themselves."""
_QUEUE_SECONDS = 0.1
"""For those to be let in who stood at the door when it was closed."""
_KEEP_ALIVE_SECONDS = 75
"""Longer than the usual clients and proxies keep an idle connection, so that it is they who close it: where the server
does, it may meet a request that is on its way."""


def api(
    host: Annotated[str | None, typer.Option(help="Listen here. [PROOFROOM_HOST]")] = None,
    port: Annotated[int | None, typer.Option(help="Listen here. [PROOFROOM_PORT]")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the port.")] = 1,
) -> None:
    """Serve the HTTP API."""
    _configure(PROOFROOM_HOST=host, PROOFROOM_PORT=port)
    settings = _settings("api")
    if workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="proofroom-metrics-")
    config = uvicorn.Config(
        "cli.serve:application",
        factory=True,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=Connection,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    sockets = [listen(settings.host, settings.port)]
    if workers == 1:
        _Server(config).run(sockets)
    else:
        _Servers(config, sockets).run()


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        for listening in sockets or []:
            close_door(listening)
        await asyncio.sleep(_QUEUE_SECONDS)
        await super().shutdown(sockets)


class _Servers(Multiprocess):
    def terminate_all(self) -> None:
        for listening in self.sockets:
            close_door(listening)
        time.sleep(_QUEUE_SECONDS)
        super().terminate_all()


def application() -> "FastAPI":
    """What uvicorn loads in each of its processes: configured by the environment alone."""
    collector.start()
    from web.app import create_app  # slow to load: the parent of several processes does without

    settings = _settings("api")
    telemetry.configure(settings, "api")
    app = create_app(settings)
    collector.settle()
    return app


def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Threads at a time. [PROOFROOM_WORKER_CONCURRENCY]")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus here.", envvar="PROOFROOM_METRICS_PORT")
    ] = None,
    metrics_host: Annotated[str, typer.Option(envvar="PROOFROOM_METRICS_HOST")] = "127.0.0.1",
) -> None:
    """Advance threads, publish what is due, run the queue."""
    _configure(PROOFROOM_WORKER_CONCURRENCY=concurrency)
    settings = _settings("worker")
    from core import metrics
    from worker.main import run

    flush = telemetry.configure(settings, "worker")
    if metrics_port is not None:
        metrics.serve(metrics_port, metrics_host)
    collector.settle()
    try:
        uvloop.run(run(settings))
    finally:
        flush()


def simulators(
    port: int,
    journal: Annotated[Path | None, typer.Option()] = None,
    mail_port: Annotated[int | None, typer.Option()] = None,
) -> None:
    """Serve the simulated platforms on loopback."""
    settings = load()
    log.configure(settings, "simulators")
    from simulators.app import create_app

    config = uvicorn.Config(
        create_app(journal, mail_port), log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run([listen("127.0.0.1", port)])


def _configure(**variables: object) -> None:
    """Options become the variables that they stand for, so that every process reads one and the same."""
    os.environ.update({name: str(value) for name, value in variables.items() if value is not None})


def _settings(process: str) -> Settings:
    settings = load()
    settings.require_ready()
    log.configure(settings, process)
    faults.arm(settings)
    return settings
