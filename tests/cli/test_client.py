"""What answers at an address that is no Proofroom's."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cli.client import Client, NotUnderstood


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"[]" if self.path == "/v1/list" else b"<html>Welcome</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def client() -> Iterator[Client]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield Client(f"http://127.0.0.1:{server.server_port}", "a-key")
    server.shutdown()
    serving.join()
    server.server_close()


def test_another_service_is_said_not_to_be_understood(client: Client) -> None:
    asked: list[Callable[[], object]] = [
        lambda: client.send("GET", "/v1/me"),
        lambda: client.send("GET", "/v1/list"),
        lambda: list(client.listed("/v1/projects")),
        client.reviews,
    ]
    for ask in asked:
        with pytest.raises(NotUnderstood, match="not what was expected"):
            ask()
