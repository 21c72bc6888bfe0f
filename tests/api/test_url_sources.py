"""Workflows about a page: it is read at once, behind the guard."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api

BRIEF: dict[str, Any] = {"platforms": ["x"]}


class Page(http.server.ThreadingHTTPServer):
    """An article, and addresses that mislead."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.peer = f"127.0.0.1:{self.server_address[1]}"
        self.asked = 0
        self.reached = threading.Event()
        self.go_on = threading.Event()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.2:1/secret")
            self.end_headers()
            return
        if self.path == "/slow":
            self.server.reached.set()
            self.server.go_on.wait(PATIENCE_SECONDS)
        paragraphs = "".join(
            f"<p>Tea number {number} is brewed for {number} minutes.</p>" for number in range(2, 30)
        )
        body = f"<html><head><title>On tea</title></head><body><article><h1>On tea</h1>{paragraphs}</article>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    thread = threading.Thread(target=page.serve_forever, daemon=True)
    thread.start()
    yield page
    page.shutdown()
    page.server_close()


@pytest.fixture
def settings(settings: Settings, page: Page) -> Settings:
    return settings.model_copy(update={"allow_private": [page.peer]})


async def test_a_page_is_read_at_once_and_a_replay_does_not_read_it_again(api: Api, page: Page) -> None:
    user = await api.user()
    body = {**BRIEF, "source": {"type": "url", "url": f"http://{page.peer}/article"}}
    first = await user.post("/v1/workflows", json=body, headers={"Idempotency-Key": "one"})
    again = await user.post("/v1/workflows", json=body, headers={"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert page.asked == 1
    found = (await user.get(first.headers["location"])).json()
    assert found["source"] == {"type": "url", "url": body["source"]["url"], "title": "On tea", "id": None}
    other = await user.post(
        "/v1/workflows", json={**body, "platforms": ["blog"]}, headers={"Idempotency-Key": "one"}
    )
    assert (other.status_code, other.json()["code"]) == (422, "IdempotencyKeyReused")


async def test_a_redirect_does_not_lead_inside(api: Api, page: Page) -> None:
    user = await api.user()
    body = {**BRIEF, "source": {"type": "url", "url": f"http://{page.peer}/inside"}}
    answer = await user.post("/v1/workflows", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "AddressRefused")
    assert answer.json()["errors"][0]["pointer"] == "/source/url"
    assert answer.json()["remedy"]


async def test_no_connection_is_held_while_a_page_is_read(api: Api, page: Page, db: Database) -> None:
    user = await api.user()
    body = {**BRIEF, "source": {"type": "url", "url": f"http://{page.peer}/slow"}}
    starting = asyncio.create_task(user.post("/v1/workflows", json=body, headers={"Idempotency-Key": "one"}))
    await asyncio.to_thread(page.reached.wait, 10)
    async with db.service() as session:
        open_ones = await session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%'"
            )
        )
    page.go_on.set()
    assert (await starting).status_code == 202
    assert open_ones == 0
