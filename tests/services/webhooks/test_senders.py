"""Workers that send to webhooks at the same time, die, or are told to end."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from core import sql
from core.db import Database
from core.http import guarded_client
from core.sql import Statement, connection_of
from services import webhook_claims
from services.runtime import Runtime
from services.webhook_claims import PER_WEBHOOK
from services.webhook_sending import Answered, deliver_once
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api
from tests.plugins.receiver import Receiver
from tests.services.webhooks.conftest import (
    deliveries,
    happen,
    said,
    sending,
    subscribe,
)


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


async def test_what_is_recorded_while_another_claims_it_is_not_sent_again(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    assert (await user.post(f"/v1/webhooks/{hook['id']}/test")).is_success
    async with db.autocommit() as connection:
        (held,) = await webhook_claims.claim(connection, 10)
    await _lapse(db, held.id)
    taken = Answered(datetime.now(UTC), 1, 200, None, "")
    async with db.autocommit() as other:
        async with db.service() as session:
            (lapsed,) = await sql.rows(connection_of(session), _LEASE, {"id": held.id})
            assert await webhook_claims.record(connection_of(session), replace(held, **lapsed), taken)
            claiming = asyncio.create_task(webhook_claims.claim(other, 10))
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await session.scalar(_WAITS, {"pid": other.info.backend_pid}):
                    await asyncio.sleep(0.01)
        assert await claiming == [], "the late answer came before"


_LEASE = Statement.of("SELECT lease_until FROM webhook_deliveries WHERE id = :id")
_WAITS = text("SELECT cardinality(pg_blocking_pids(:pid)) > 0")


async def test_of_two_new_secrets_at_once_both_sign(
    api: Api, db: Database, receiver: Receiver, runtime: Runtime
) -> None:
    user = await api.user()
    hook = await subscribe(user, receiver)
    path = f"/v1/webhooks/{hook['id']}"
    async with db.service() as session:
        await session.execute(text("SELECT FROM webhooks WHERE id = :id FOR UPDATE"), {"id": hook["id"]})
        both = [asyncio.create_task(user.post(f"{path}/rotate-secret")) for _ in range(2)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await session.scalar(_IN_LINE):
                await asyncio.sleep(0.01)
    secrets = [(await each).json()["secret"] for each in both]
    await user.post(f"{path}/test")
    async with sending(runtime):
        (heard,) = await receiver.heard(1)
    assert [heard.is_by(secret) for secret in secrets] == [True, True]


_IN_LINE = text("""
SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'tuple' AND NOT l.granted
""")
"""Behind the first who waits for a row."""


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
