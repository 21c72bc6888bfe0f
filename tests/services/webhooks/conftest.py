"""Webhooks to a receiver that listens on loopback, told as by a worker; time passes by hand."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.db import Database
from core.http import guarded_client
from core.settings import Settings
from services.runtime import Runtime
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import User
from tests.plugins.receiver import Receiver
from tests.plugins.scene import Words
from worker.webhooks import Webhooks

Json = dict[str, Any]

_WRITE = text("""
SELECT record_event(:workspace_id, :workflow_id, NULL, 'test', 'test', NULL, NULL,
    jsonb_build_object('type', CAST(:type AS text), 'what', CAST(:what AS text)))
""")
WORKFLOW = UUID(int=7)


@pytest.fixture
def settings(settings: Settings, receiver: Receiver) -> Settings:
    return settings.model_copy(update={"allow_private": [receiver.peer], "poll_seconds": 0.1})


@pytest.fixture
def runtime(settings: Settings, db: Database) -> Runtime:
    words = Words()
    http = guarded_client(settings, 1)
    return Runtime(settings, db, Keyring.from_settings(settings), words, words, http, lambda *_: None)


@asynccontextmanager
async def sending(runtime: Runtime, finish_seconds: float = 1) -> AsyncIterator[None]:
    """As in a worker."""
    running = asyncio.create_task(Webhooks(runtime, finish_seconds=finish_seconds).run())
    yield
    running.cancel()
    await asyncio.wait([running], timeout=PATIENCE_SECONDS)
    assert running.cancelled()


async def subscribe(user: User, receiver: Receiver, path: str = "/hook", *events: str) -> Json:
    made = await user.post("/v1/webhooks", json={"url": receiver.url(path), "events": list(events)})
    assert made.status_code == 201, made.text
    found: Json = made.json()
    return found


async def write(
    session: AsyncSession,
    user: User,
    what: str,
    workflow_id: UUID = WORKFLOW,
    kind: str = "job.status",
) -> None:
    given = {"workspace_id": user.workspace_id, "workflow_id": workflow_id, "type": kind, "what": what}
    await session.execute(_WRITE, given)


async def happen(db: Database, user: User, *what: str, **more: Any) -> None:
    for each in what:
        async with db.service() as session:
            await write(session, user, each, **more)


def said(receiver: Receiver, path: str = "/hook") -> list[str]:
    return [each.message["data"]["what"] for each in receiver.on(path)]


async def deliveries(user: User, webhook: Json, count: int = 1, **query: str) -> list[Json]:
    """The oldest first, once there are so many of them."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = await user.get(f"/v1/webhooks/{webhook['id']}/deliveries", params=query)
        items: list[Json] = answer.json()["items"]
        if len(items) == count:
            return items[::-1]
        assert time.monotonic() < deadline, items
        await asyncio.sleep(0.02)


async def settle(db: Database) -> None:
    """Until all that has happened is read: whoever writes anywhere on the server, other tests too, holds it back."""
    async with db.service() as session:
        mine = int(await session.scalar(text("SELECT pg_current_xact_id()::text")) or 0)
    oldest = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
    async with asyncio.timeout(PATIENCE_SECONDS), db.service() as session:
        while int(await session.scalar(oldest) or 0) <= mine:
            await asyncio.sleep(0.02)


async def pass_time(db: Database) -> None:
    """Until whatever waits for another attempt is due."""
    async with db.service() as session:
        await session.execute(text("UPDATE webhook_deliveries SET due_at = now() WHERE lease_until IS NULL"))


async def tried(user: User, webhook: Json) -> Json:
    """Its only delivery, once an attempt has failed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        (waiting,) = await deliveries(user, webhook)
        if waiting["tries"]:
            return waiting
        assert time.monotonic() < deadline, waiting
        await asyncio.sleep(0.02)
