"""A program of somebody's that is told what happens: it keeps what it was sent, and answers as it was asked to."""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Told:
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_by(self, secret: str) -> bool:
        """Signed with it, as receivers find out."""
        try:
            Webhook(secret).verify(self.body, dict(self.headers))
        except WebhookVerificationError:
            return False
        return True


@dataclass
class Receiver:
    peer: str
    """host:port"""
    told: list[Told] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str], str]] = field(default_factory=deque)
    """(status, headers, body), one for each call; 204 when there is none left."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: it takes calls to /slow and does not answer them."""
    under_way: int = 0
    most_under_way: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"http://{self.peer}{path}"

    def answer(self, status: int, body: str = "", **headers: str) -> None:
        self.answers.append(
            (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        )

    def on(self, path: str) -> list[Told]:
        return [each for each in self.told if each.path == path]

    async def heard(self, count: int, path: str = "/hook") -> list[Told]:
        """The first `count` calls there, once there are so many."""
        await until(lambda: len(self.on(path)) >= count)
        return self.on(path)[:count]


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    from aiohttp import web  # slow to load, and most tests do not need it

    made = Receiver("")
    made.open.set()

    async def take(request: web.Request) -> web.Response:
        made.under_way += 1
        made.most_under_way = max(made.most_under_way, made.under_way)
        headers = {name.lower(): value for name, value in request.headers.items()}
        made.told.append(Told(request.path, headers, await request.read(), time.monotonic()))
        status, more, body = made.answers.popleft() if made.answers else (204, {}, "")
        if request.path == "/slow":
            await made.open.wait()
        made.under_way -= 1
        return web.Response(status=status, headers=more, text=body or None)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.peer = f"{host}:{port}"
    yield made
    made.open.set()
    await runner.cleanup()
