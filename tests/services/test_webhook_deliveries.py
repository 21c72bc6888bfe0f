"""What webhooks are told, on a receiver that listens on loopback; time passes by hand."""

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
from services import webhook_claims
from services.operations import routines
from services.runtime import Runtime
from services.webhook_claims import DELAYS, PER_WEBHOOK
from services.webhook_sending import deliver_once
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
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


async def test_what_happens_is_told_in_order_to_whom_it_concerns(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user, stranger = await api.user(), await api.user()
    hook = await subscribe(user, receiver)
    await subscribe(user, receiver, "/picky", "review.decided")
    theirs = await subscribe(stranger, receiver, "/theirs")
    async with sending(runtime):
        await happen(db, user, "one", "two", "three")
        await happen(db, user, "decided", kind="review.decided")
        await receiver.heard(4)
        await receiver.heard(1, "/picky")
    assert (said(receiver), said(receiver, "/picky")) == (["one", "two", "three", "decided"], ["decided"])
    assert receiver.on("/theirs") == []
    first = receiver.on("/hook")[0]
    assert first.is_by(hook["secret"])
    assert not first.is_by(theirs["secret"])
    assert first.headers["content-type"] == "application/json"
    assert first.message.keys() == {"type", "timestamp", "data"}
    assert first.message["type"] == "job.status"
    assert first.message["data"] == {"workflow_id": str(WORKFLOW), "what": "one"}
    shown = await deliveries(user, hook, 4, status="delivered")
    assert sorted(each["id"] for each in shown) == sorted(each.id for each in receiver.on("/hook"))
    detail = (await user.get(f"/v1/webhooks/deliveries/{first.id}")).json()
    (attempt,) = detail["attempts"]
    assert (attempt["status"], attempt["error"], detail["payload"]["what"]) == (204, None, "one")


async def test_what_commits_late_is_told_too(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    await subscribe(user, receiver)
    async with sending(runtime):
        async with db.service() as early:
            await write(early, user, "early")
            await happen(db, user, "late")
            await asyncio.sleep(0.3)
            assert said(receiver) == [], "nothing is told past a transaction that still runs"
        await receiver.heard(2)
    assert said(receiver) == ["early", "late"]


async def test_a_database_that_moved_to_another_server_goes_on(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    """There transactions are counted anew."""
    user = await api.user()
    await subscribe(user, receiver)
    async with db.service() as session:
        await session.execute(text("UPDATE webhooks SET after_xid = '999999999999'"))
    async with db.autocommit() as connection:
        assert await webhook_claims.workspaces(connection) == {user.workspace_id}
    async with sending(runtime):
        await happen(db, user, "one")
        await receiver.heard(1)


async def test_what_fails_is_tried_again_and_overtaken(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    receiver.answer(500, 'busy; {"key": "prk_0123456789"}')
    receiver.answer(302, location=receiver.url("/elsewhere"))
    async with sending(runtime):
        await happen(db, user, "one", "two", "three")
        await receiver.heard(3)
        await deliveries(user, hook, 1, status="delivered")
        pending = await deliveries(user, hook, 2, status="pending")
        failing = (await user.get(f"/v1/webhooks/{hook['id']}")).json()
        assert (failing["status"], failing["failing_since"]) == ("active", None), "three has arrived since"
        await pass_time(db)
        await receiver.heard(5)
        await deliveries(user, hook, 3, status="delivered")
    assert said(receiver)[:3] == ["one", "two", "three"]
    assert receiver.on("/elsewhere") == []
    detail = (await user.get(f"/v1/webhooks/deliveries/{pending[0]['id']}")).json()
    assert [each["status"] for each in detail["attempts"]] == [500, 204]
    assert detail["attempts"][0]["answer"].startswith("busy")
    assert "0123456789" not in str(detail), "what they say may be a secret"
    ids = [each.id for each in receiver.told]
    assert sorted(ids[3:]) == sorted(ids[:2]), "under the same id"


async def test_it_is_dead_after_a_day_and_can_be_sent_again(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    async with sending(runtime):
        receiver.answer(503, retry_after="3600")
        await happen(db, user, "one")
        (waiting,) = await deliveries(user, hook)
        await receiver.heard(1)
        while not waiting["tries"]:
            (waiting,) = await deliveries(user, hook)
        due = text("SELECT due_at - now() > interval '59 minutes' FROM webhook_deliveries")
        async with db.service() as session:
            assert (await session.execute(due)).scalar_one(), "as Retry-After says"
            await session.execute(
                text("UPDATE webhook_deliveries SET due_at = now(), give_up_at = now() + interval '1 second'")
            )
        receiver.answer(500)
        (dead,) = await deliveries(user, hook, status="dead")
        again = await user.post(f"/v1/webhooks/deliveries/{dead['id']}/replay")
        assert (again.status_code, again.json()["status"]) == (202, "pending")
        (done,) = await deliveries(user, hook, status="delivered")
    assert {each.id for each in receiver.told} == {done["id"]}
    detail = (await user.get(f"/v1/webhooks/deliveries/{done['id']}")).json()
    assert ([each["status"] for each in detail["attempts"]], done["tries"]) == ([503, 500, 204], 1)


def test_tries_are_spread_over_a_day() -> None:
    waits = [webhook_claims.delay(tries, 0) for tries in range(len(DELAYS) + 1)]
    assert waits.pop() is None
    assert 23 * 3600 < sum(DELAYS) < 24 * 3600
    for wait, nominal in zip(waits, DELAYS, strict=True):
        assert wait is not None
        assert 0.8 * nominal <= wait <= 1.2 * nominal
    assert webhook_claims.delay(0, 600) == 600


async def test_a_slow_one_holds_no_other_up(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    await subscribe(user, receiver, "/slow")
    await subscribe(user, receiver)
    receiver.open.clear()
    async with sending(runtime):
        for number in range(PER_WEBHOOK + 2):
            await happen(db, user, str(number), workflow_id=UUID(int=number))
        await receiver.heard(PER_WEBHOOK + 2)
        await receiver.heard(PER_WEBHOOK, "/slow")
        await asyncio.sleep(0.2)
        assert len(receiver.on("/slow")) == PER_WEBHOOK
        receiver.open.set()
        await receiver.heard(PER_WEBHOOK + 2, "/slow")


async def test_a_worker_that_dies_loses_nothing(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    await happen(db, user, "one", "two")
    async with db.autocommit() as connection:
        # Behind whatever transaction is under way on the server, other tests' too.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (claimed := await webhook_claims.claim(connection, 10)):
                await webhook_claims.advance(connection, [user.workspace_id])
        (held,) = claimed
        assert await webhook_claims.claim(connection, 10) == [], "the workflow's next waits for it"
    await _lapse(db, held.id)
    async with db.autocommit() as connection:
        (taken_over,) = await webhook_claims.claim(connection, 10)
        await webhook_claims.give_back(connection, [held])
        assert await webhook_claims.claim(connection, 10) == [], "it is another's by now"
    await _lapse(db, taken_over.id)
    async with sending(runtime):
        await receiver.heard(2)
        await deliveries(user, hook, 2, status="delivered")
    assert (said(receiver), receiver.told[0].id) == (["one", "two"], str(held.id))
    async with guarded_client(runtime.settings, 1) as http, db.autocommit() as connection:
        late = await deliver_once(http, receiver.url("/late"), b"{}")
        assert await webhook_claims.record(connection, held, late) is None, "somebody else has sent it since"


async def _lapse(db: Database, delivery_id: UUID) -> None:
    lease = text("UPDATE webhook_deliveries SET lease_until = now(), due_at = now() WHERE id = :id")
    async with db.service() as session:
        await session.execute(lease, {"id": delivery_id})


async def test_a_worker_that_is_told_to_end_gives_back_what_it_was_sending(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver, "/slow")
    receiver.open.clear()
    async with sending(runtime, finish_seconds=0.05):
        await happen(db, user, "one")
        await receiver.heard(1, "/slow")
    receiver.open.set()
    async with sending(runtime):
        await deliveries(user, hook, status="delivered")
    assert said(receiver, "/slow") == ["one", "one"]


async def test_who_is_gone_or_fails_for_days_is_told_no_more(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    receiver.answer(410)
    async with sending(runtime):
        await happen(db, user, "one")
        await receiver.heard(1)
        await _status(user, hook, "disabled", "410 Gone")
        await happen(db, user, "missed")
        await settle(db)
        for answer in (
            await user.post(f"/v1/webhooks/{hook['id']}/test"),
            await user.post(f"/v1/webhooks/{hook['id']}/replay", json={"since": "2020-01-01T00:00:00Z"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "WebhookNotActive")
        await user.patch(f"/v1/webhooks/{hook['id']}", json={"status": "active"})
        await pass_time(db)
        await receiver.heard(2)
        await deliveries(user, hook, 1, status="delivered")
        assert said(receiver) == ["one", "one"]

        again = await user.post(f"/v1/webhooks/{hook['id']}/replay", json={"since": "2020-01-01T00:00:00Z"})
        assert again.json() == {"deliveries": 1}, "what happened while it was disabled"
        await receiver.heard(3)
        await deliveries(user, hook, 2, status="delivered")
        every = {"since": "2020-01-01T00:00:00Z", "delivered": True}
        assert (await user.post(f"/v1/webhooks/{hook['id']}/replay", json=every)).json() == {"deliveries": 2}
        await receiver.heard(5)
        assert sorted(said(receiver)[3:]) == ["missed", "one"]

        await deliveries(user, hook, 2, status="delivered")
        receiver.answer(500)
        receiver.answer(500)
        await happen(db, user, "two")
        await receiver.heard(6)
        (failing,) = await deliveries(user, hook, 1, status="pending")
        while not failing["tries"]:
            (failing,) = await deliveries(user, hook, 1, status="pending")
        async with db.service() as session:
            await session.execute(text("UPDATE webhooks SET failing_since = now() - interval '4 days'"))
        await pass_time(db)
        await _status(user, hook, "disabled", "3 days")
    async with db.service() as session:
        audited = text(
            "SELECT count(*) FROM audit_logs WHERE table_name = 'webhooks' AND operation = 'UPDATE'"
        )
        assert (await session.execute(audited)).scalar_one() == 3
        secrets = text("SELECT string_agg(a::text, '') FROM audit_logs a WHERE table_name = 'webhooks'")
        assert hook["secret"] not in (await session.execute(secrets)).scalar_one()


async def _status(user: User, hook: Json, status: str, reason: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := (await user.get(f"/v1/webhooks/{hook['id']}")).json())["status"] != status:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    assert reason in found["error"]


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    rotated = (await user.post(f"/v1/webhooks/{hook['id']}/rotate-secret")).json()
    async with sending(runtime):
        await happen(db, user, "one")
        (told,) = await receiver.heard(1)
        assert told.is_by(hook["secret"])
        assert told.is_by(rotated["secret"])
        async with db.service() as session:
            await session.execute(text("UPDATE webhooks SET previous_secret_until = now()"))
        await happen(db, user, "two")
        told = (await receiver.heard(2))[1]
    assert not told.is_by(hook["secret"])
    assert told.is_by(rotated["secret"])


async def test_an_address_that_became_private_is_not_reached(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    runtime.settings = runtime.settings.model_copy(update={"allow_private": []})
    async with sending(runtime):
        await user.post(f"/v1/webhooks/{hook['id']}/test")
        (waiting,) = await deliveries(user, hook)
        while not waiting["tries"]:
            (waiting,) = await deliveries(user, hook)
    assert receiver.told == []
    (attempt,) = (await user.get(f"/v1/webhooks/deliveries/{waiting['id']}")).json()["attempts"]
    assert attempt["status"] is None
    assert "not an address on the public internet" in attempt["error"]


async def test_what_was_told_is_kept_for_a_month(
    api: Api, db: Database, receiver: Receiver, settings: Settings
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    for _ in range(3):
        await user.post(f"/v1/webhooks/{hook['id']}/test")
    old = text("""
        UPDATE webhook_deliveries SET created_at = now() - interval '31 days'
        WHERE id IN (SELECT id FROM webhook_deliveries LIMIT 2)
    """)
    async with db.service() as session:
        await session.execute(old)
    assert await routines.remove_deliveries(db, settings) == 2
    await deliveries(user, hook, 1)
