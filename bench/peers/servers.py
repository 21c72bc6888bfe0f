"""Who is compared: our service, and what else speaks the protocol, each on loopback with processes of its own."""

import json
import os
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import psycopg

from bench.peers import aegra
from bench.peers.callers import ASSISTANT, Server
from bench.process import Process, cpu_seconds
from bench.rounds import forget_posts
from bench.service import LOOPBACK, Service, free_port

AEGRA: Final = "Aegra"
START_SECONDS: Final = 60.0
JOBS: Final = 32
"""That `langgraph dev` does side by side: more than there are callers; 10 if it is not told."""
_GRAPH: Final = f"{Path(__file__).with_name('graph.py')}:graph"


@dataclass(frozen=True, slots=True)
class Peer:
    """`published`: the texts that are out. `renew`: before a round."""

    name: str
    version: str
    server: Server
    parts: Callable[[], Mapping[str, float]]
    published: Callable[[], list[str]]
    renew: Callable[[], None] = lambda: None


def ours(service: Service) -> Peer:
    def published() -> list[str]:
        with urllib.request.urlopen(f"{service.simulator_url}/_control/posts") as answer:
            return [each["text"] for each in json.load(answer)["items"]]

    return Peer(
        "Proofroom",
        version("proofroom"),
        Server(service.base_url, service.owner.api_key, service.owner.accounts[ASSISTANT]),
        service.cpu_seconds,
        published,
        lambda: forget_posts(service),
    )


@contextmanager
def aegra_server(service: Service) -> Iterator[Peer]:
    """On a database of its own in the same PostgreSQL, one process that runs the graphs itself, no Redis. As it comes: it
    logs what it does, as we do."""
    python, name = aegra.install(), "aegra"
    folder, port = _folder(service, name), free_port()
    with psycopg.connect(service.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE aegra")
    config = folder / "aegra.json"
    config.write_text(json.dumps({"graphs": {ASSISTANT: _GRAPH}}))
    env = {
        "AEGRA_CONFIG": str(config),
        "DATABASE_URL": unquote(service.cluster.url(name, user="postgres")),  # Alembic stumbles over %
    }
    command = [str(python), "-m", "uvicorn", "aegra_api.main:app", "--host", LOOPBACK, "--port", str(port)]
    with _running(name, command, env, folder, port, "/health") as process:
        yield Peer(
            AEGRA,
            aegra.VERSION,
            Server(_url(port)),
            lambda: {"server": process.cpu_seconds(), "postgres": cpu_seconds(service.cluster.pid)},
            _texts(folder),
        )


@contextmanager
def development_server(service: Service) -> Iterator[Peer]:
    """Which keeps everything in memory."""
    folder, port = _folder(service, "dev"), free_port()
    (folder / "langgraph.json").write_text(json.dumps({"dependencies": ["."], "graphs": {ASSISTANT: _GRAPH}}))
    options = ["--host", LOOPBACK, "--port", str(port), "--n-jobs-per-worker", str(JOBS)]
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", *options]
    env = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false"}
    with _running("langgraph dev", command, env, folder, port, "/ok") as process:
        yield Peer(
            "langgraph dev",
            version("langgraph-api"),
            Server(_url(port)),
            lambda: {"server": process.cpu_seconds()},
            _texts(folder),
        )


@contextmanager
def _running(
    name: str, command: list[str], env: Mapping[str, str], folder: Path, port: int, ready: str
) -> Iterator[Process]:
    """Raises TimeoutError."""
    env = {**os.environ, "PEERS_PUBLISHED": str(folder / "published"), **env}
    process = Process(name, command, env, folder / "log", folder)
    process.start()
    try:
        process.await_answer(f"{_url(port)}{ready}", START_SECONDS)
        yield process
    finally:
        process.stop()


def _folder(service: Service, name: str) -> Path:
    folder = service.folder / name
    folder.mkdir()
    return folder


def _texts(folder: Path) -> Callable[[], list[str]]:
    return lambda: (folder / "published").read_text().splitlines()


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"
