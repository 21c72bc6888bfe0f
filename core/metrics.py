"""What is counted and measured. Services call these functions and never a Prometheus object.

Where several processes share a machine, `PROMETHEUS_MULTIPROC_DIR` names the folder through which any of them
answers for all (`proofroom up` and `proofroom api --workers` set it).
"""

import os
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_REGISTRY = CollectorRegistry()
ProcessCollector(registry=_REGISTRY)

_collect_from_all: Callable[[CollectorRegistry], object] = MultiProcessCollector

_HTTP = Histogram(
    "proofroom_http_request_seconds",
    "Time to answer a request, by the route's pattern.",
    ["method", "route", "status"],
    registry=_REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
_ADVANCES = Histogram(
    "proofroom_graph_advance_seconds",
    "Time of one advance of a thread, by what it ended in.",
    ["platform", "outcome"],
    registry=_REGISTRY,
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
)
_MODEL_CALLS = Histogram(
    "proofroom_model_call_seconds",
    "Time of one call of a language model.",
    ["service", "model", "status"],
    registry=_REGISTRY,
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
_TOKENS = Counter(
    "proofroom_tokens", "Tokens read and written.", ["service", "model", "direction"], registry=_REGISTRY
)
_COST = Counter("proofroom_cost_usd", "What model calls cost.", ["service", "model"], registry=_REGISTRY)
_PUBLISHING = Counter(
    "proofroom_publishing", "Publishing attempts, by outcome.", ["platform", "outcome"], registry=_REGISTRY
)
_DEPTH = Gauge(
    "proofroom_queue_depth",
    "Rows that are due and not held.",
    ["queue"],
    registry=_REGISTRY,
    multiprocess_mode="mostrecent",
)
_AGE = Gauge(
    "proofroom_queue_age_seconds",
    "How long the oldest of them has been due.",
    ["queue"],
    registry=_REGISTRY,
    multiprocess_mode="mostrecent",
)
_POOL = Gauge(
    "proofroom_database_connections",
    "The process's database connections.",
    ["state"],
    registry=_REGISTRY,
    multiprocess_mode="livesum",
)


class Used(Protocol):
    """What a model call took."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cost_usd(self) -> Decimal | None: ...
    @property
    def latency_ms(self) -> int: ...
    @property
    def status(self) -> str: ...


def record_request(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is the pattern, as in `/v1/workflows/{id}`, never the path: ids would make a series each."""
    _HTTP.labels(method, route, str(status)).observe(seconds)


def record_advance(platform: str, outcome: str, seconds: float) -> None:
    _ADVANCES.labels(platform, outcome).observe(seconds)


def record_model_call(service: str, model: str, used: Used) -> None:
    _MODEL_CALLS.labels(service, model, used.status).observe(used.latency_ms / 1000)
    _TOKENS.labels(service, model, "input").inc(used.input_tokens)
    _TOKENS.labels(service, model, "output").inc(used.output_tokens)
    if used.cost_usd is not None:
        _COST.labels(service, model).inc(float(used.cost_usd))


def record_publishing(platform: str, outcome: str) -> None:
    _PUBLISHING.labels(platform, outcome).inc()


def set_queue(name: str, depth: int, oldest_seconds: float) -> None:
    _DEPTH.labels(name).set(depth)
    _AGE.labels(name).set(oldest_seconds)


def set_pool(*, in_use: int, idle: int) -> None:
    _POOL.labels("in_use").set(in_use)
    _POOL.labels("idle").set(idle)


def render() -> bytes:
    """The text that Prometheus reads, of type CONTENT_TYPE."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(_REGISTRY)
    everybody = CollectorRegistry()
    _collect_from_all(everybody)
    return generate_latest(everybody)


def serve(port: int, host: str = "127.0.0.1") -> tuple[int, Callable[[], None]]:
    """For a process without an HTTP face of its own. Returns the port (0 asks for a free one) and what ends it."""
    server, thread = start_http_server(port, host, registry=_REGISTRY)

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, close
