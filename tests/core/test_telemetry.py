import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

_TRACED = """
from opentelemetry import trace
from core import telemetry
from core.settings import load
flush = telemetry.configure(load(), "worker")
with trace.get_tracer("proofroom").start_as_current_span("advance"):
    pass
flush()
"""


_REQUESTED = """
import asyncio, httpx
from api.app import create_app
from core import telemetry
from core.settings import load
flush = telemetry.configure(load(), "api")
async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(load())), base_url="http://localhost") as http:
        await http.get("/v1/workflows")
        for opened in ("v1/auth/link/", "files/", "unsubscribe/", "auth/oidc/callback?code=", "register?invitation="):
            await http.get(f"/{opened}{'not-to-be-told-' * 3}")
asyncio.run(ask())
flush()
"""


@pytest.mark.parametrize(
    ("script", "process", "span"),
    [(_TRACED, b"proofroom-worker", b"advance"), (_REQUESTED, b"proofroom-api", b"GET /v1/workflows")],
)
def test_spans_go_to_the_endpoint_under_the_processs_name(
    script: str, process: bytes, span: bytes, tmp_path: Path
) -> None:
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
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "PROOFROOM_DEPLOYMENT": "embedded",
            "PROOFROOM_DATA_DIR": str(tmp_path),
        }
        subprocess.run([sys.executable, "-c", script], env={**os.environ, **env}, check=True, timeout=60)
        server.shutdown()
        thread.join()
    ((path, body),) = received
    assert path == "/v1/traces"
    assert span in body
    assert process in body
    assert body.count(b"not-to-be-told") == 0


def test_without_an_endpoint_nothing_is_loaded_or_sent() -> None:
    loaded = f"{_TRACED}\nimport sys; assert 'opentelemetry.sdk' not in sys.modules"
    subprocess.run([sys.executable, "-c", loaded], check=True, timeout=60)
