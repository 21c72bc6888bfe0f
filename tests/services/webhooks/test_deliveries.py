"""What webhooks are told, and in which order."""

import asyncio

from sqlalchemy import text

from core.db import Database
from core.settings import Settings
from services import webhook_claims
from services.operations import routines
from services.runtime import Runtime
from tests.plugins.api import Api
from tests.plugins.receiver import Receiver
from tests.services.webhooks.conftest import (
    WORKFLOW,
    deliveries,
    happen,
    said,
    sending,
    subscribe,
    tried,
    write,
)


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
        waiting = await tried(user, hook)
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
