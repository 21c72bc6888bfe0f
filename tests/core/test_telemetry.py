import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

_TRACED = """
from opentelemetry import trace
from core import telemetry
from core.settings import load
flush = telemetry.configure(load(), "worker")
with trace.get_tracer("proofroom").start_as_current_span("advance"):
    pass
flush()
"""


def _run(**env: str) -> None:
    subprocess.run([sys.executable, "-c", _TRACED], env={**os.environ, **env}, check=True, timeout=60)


def test_spans_go_to_the_endpoint_under_the_processs_name() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        _run(
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
            OTEL_EXPORTER_OTLP_COMPRESSION="none",
        )
        server.shutdown()
        thread.join()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert b"advance" in body
    assert b"proofroom-worker" in body


def test_without_an_endpoint_nothing_is_loaded_or_sent() -> None:
    loaded = f"{_TRACED}\nimport sys; assert 'opentelemetry.sdk' not in sys.modules"
    subprocess.run([sys.executable, "-c", loaded], check=True, timeout=60)
