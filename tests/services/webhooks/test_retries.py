"""What becomes of what an address did not take, and of addresses that take nothing."""

import asyncio
import time

from sqlalchemy import text

from core.db import Database
from services import webhook_claims
from services.runtime import Runtime
from services.webhook_claims import DELAYS
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.receiver import Receiver
from tests.services.webhooks.conftest import (
    Json,
    deliveries,
    happen,
    pass_time,
    said,
    sending,
    settle,
    subscribe,
    tried,
)


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
        await tried(user, hook)
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


async def test_who_is_gone_is_told_no_more_until_it_is_made_active_and_can_have_what_it_missed(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    path, since = f"/v1/webhooks/{hook['id']}", {"since": "2020-01-01T00:00:00Z"}
    receiver.answer(410)
    async with sending(runtime):
        await happen(db, user, "one")
        await receiver.heard(1)
        await _status(user, hook, "disabled", "410 Gone")
        await happen(db, user, "missed")
        await settle(db)
        for answer in (await user.post(f"{path}/test"), await user.post(f"{path}/replay", json=since)):
            assert (answer.status_code, answer.json()["code"]) == (409, "WebhookNotActive")
        await user.patch(path, json={"status": "active"})
        await pass_time(db)
        await receiver.heard(2)
        await deliveries(user, hook, 1, status="delivered")
        assert said(receiver) == ["one", "one"]

        again = await user.post(f"{path}/replay", json=since)
        assert again.json() == {"deliveries": 1}, "what happened while it was disabled"
        await receiver.heard(3)
        await deliveries(user, hook, 2, status="delivered")
        every = await user.post(f"{path}/replay", json={**since, "delivered": True})
        assert every.json() == {"deliveries": 2}
        await receiver.heard(5)
        assert sorted(said(receiver)[3:]) == ["missed", "one"]
    assert await _audited(db) == 2
    async with db.service() as session:
        secrets = text("SELECT string_agg(a::text, '') FROM audit_logs a WHERE table_name = 'webhooks'")
        assert hook["secret"] not in (await session.execute(secrets)).scalar_one()


async def test_who_fails_for_days_is_told_no_more(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    receiver.answer(500)
    receiver.answer(500)
    async with sending(runtime):
        await happen(db, user, "one")
        await tried(user, hook)
        async with db.service() as session:
            await session.execute(text("UPDATE webhooks SET failing_since = now() - interval '4 days'"))
        await pass_time(db)
        await _status(user, hook, "disabled", "3 days")
    assert await _audited(db) == 1


async def _status(user: User, hook: Json, status: str, reason: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := (await user.get(f"/v1/webhooks/{hook['id']}")).json())["status"] != status:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)
    assert reason in found["error"]


async def _audited(db: Database) -> int:
    """Changes to webhooks; that one fails, and then no more, is none."""
    changes = text("SELECT count(*) FROM audit_logs WHERE table_name = 'webhooks' AND operation = 'UPDATE'")
    async with db.service() as session:
        return int((await session.execute(changes)).scalar_one())
