"""Traces by OpenTelemetry, where an endpoint is configured; without one every span is a no-op."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

from core.settings import Settings

_UNTRACED: Final = (
    *("/healthz$", "/readyz$", "/metrics$"),
    # What opens something stands in the address itself, or in its query.
    *("/auth/link/", "/auth/oidc/", "/register$", "/unsubscribe/", r"/files/[\w-]{40}"),
)
"""Patterns, looked for in an address without its query."""


def configure(settings: Settings, process: str) -> Callable[[], None]:
    """Sends this process's spans to `settings.otlp_endpoint`. Returns what flushes and ends it.

    Make spans with `opentelemetry.trace.get_tracer("proofroom")`.
    """
    if settings.otlp_endpoint is None:
        return lambda: None
    # The exporter takes 0.3 s to load, and most services have no endpoint.
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": f"proofroom-{process}", "service.version": version("proofroom")}
    )
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider.shutdown


def instrument(app: Any, settings: Settings) -> None:
    """Trace each request of a FastAPI application, which this package does not know."""
    if settings.otlp_endpoint is None:
        return
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(app, excluded_urls=",".join(_UNTRACED))
