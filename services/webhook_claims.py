"""The worker's side of webhooks: events become deliveries, deliveries are claimed, and what came of each is written.

Each statement is a transaction of its own. A webhook's row is locked while its events are read and while deliveries are
claimed: so none is made twice, and no more than so many are under way, whoever sends them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom
from typing import Any, Final
from uuid import UUID

import orjson

from core import sql
from core.crypto import Keyring
from core.sql import Connection, Statement
from services.webhook_sending import Answered
from services.webhooks import previous_context, secret_context

PER_WEBHOOK: Final = 4
"""Under way at the same time: one that is slow holds no other up."""
BATCH: Final = 500
"""Events of one webhook that one look makes deliveries of."""
LEASE_SECONDS: Final = 30
"""Three times what an attempt may take. Whoever died before is not waited for any longer."""
DELAYS: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
"""Seconds after each attempt that failed, 23.7 hours in all; then it is dead."""
JITTER: Final = 0.2
FAILING_DAYS: Final = 3
"""Without a single success; then the webhook is disabled."""

_RANDOM: Final = SystemRandom()

# A database that was restored on another server counts its transactions anew: a position of before would never be reached.
_WORKSPACES = Statement.of("""
WITH restored AS (
    UPDATE webhooks SET after_xid = pg_snapshot_xmin(pg_current_snapshot()), after_row = 0
    WHERE status = 'active' AND after_xid > pg_snapshot_xmin(pg_current_snapshot())
)
SELECT DISTINCT workspace_id FROM webhooks WHERE status = 'active'
""")
# The order of the log is (xid, id), and nothing may be read past a transaction that still runs: it would be skipped.
_ADVANCE = Statement.of("""
WITH held AS MATERIALIZED (
    SELECT id, workspace_id, events, after_xid, after_row FROM webhooks
    WHERE status = 'active' AND workspace_id = ANY(CAST(:workspaces AS uuid[]))
    FOR NO KEY UPDATE SKIP LOCKED
), fresh AS MATERIALIZED (
    SELECT h.id AS webhook_id, h.workspace_id, h.events, l.xid, l.id, l.workflow_id, l.event, l.created_at
    FROM held h CROSS JOIN LATERAL (
        SELECT l.xid, l.id, l.workflow_id, l.event, l.created_at FROM processing_logs l
        WHERE l.workspace_id = h.workspace_id AND l.event IS NOT NULL
            AND l.created_at <= now() + interval '1 day'
            AND (l.xid, l.id) > (h.after_xid, h.after_row) AND l.xid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY l.xid, l.id LIMIT CAST(:batch AS bigint)
    ) l
), made AS (
    INSERT INTO webhook_deliveries
        (workspace_id, webhook_id, event_xid, event_row, workflow_id, type, occurred_at, payload, created_at)
    SELECT workspace_id, webhook_id, xid, id, workflow_id, event ->> 'type', created_at, event - 'type', clock_timestamp()
    FROM fresh
    WHERE events = '{}' OR event ->> 'type' = ANY(events)
    ON CONFLICT (webhook_id, event_xid, event_row) DO NOTHING
), moved AS (
    UPDATE webhooks w SET after_xid = r.xid, after_row = r.id
    FROM (SELECT DISTINCT ON (webhook_id) webhook_id, xid, id FROM fresh ORDER BY webhook_id, xid DESC, id DESC) r
    WHERE w.id = r.webhook_id
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest,
    EXISTS (SELECT FROM fresh GROUP BY webhook_id HAVING count(*) >= CAST(:batch AS bigint)) AS more
""")
_CLAIM = Statement.of("""
WITH held AS MATERIALIZED (
    SELECT w.id FROM webhooks w
    WHERE w.status = 'active' AND (
        SELECT d.due_at FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.status = 'pending'
        ORDER BY d.due_at LIMIT 1
    ) <= now()
    FOR NO KEY UPDATE OF w SKIP LOCKED
), picked AS MATERIALIZED (
    SELECT p.id FROM held h CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM webhook_deliveries d
        WHERE d.webhook_id = h.id AND d.status = 'pending' AND d.due_at <= now() AND (
            d.tries > 0 OR d.workflow_id IS NULL OR d.id = (
                SELECT e.id FROM webhook_deliveries e
                WHERE e.webhook_id = d.webhook_id AND e.workflow_id = d.workflow_id AND e.status = 'pending' AND e.tries = 0
                ORDER BY e.event_xid, e.event_row LIMIT 1
            )
        )
        ORDER BY d.due_at, d.event_xid, d.event_row LIMIT greatest(0, CAST(:each AS bigint) - (
            SELECT count(*) FROM webhook_deliveries u WHERE u.webhook_id = h.id AND u.lease_until > now()
        ))
    ) p
    ORDER BY p.due_at LIMIT CAST(:limit AS bigint)
)
UPDATE webhook_deliveries d
SET lease_until = now() + make_interval(secs => CAST(:lease AS float8)),
    due_at = now() + make_interval(secs => CAST(:lease AS float8))
FROM picked p, webhooks w
-- Asked again of the row as it is once it is locked: it may have been claimed, or answered, since it was picked.
WHERE d.id = p.id AND w.id = d.webhook_id AND d.status = 'pending' AND d.due_at <= now()
RETURNING d.id, d.webhook_id, d.workspace_id, d.type, d.occurred_at, d.payload, d.tries, d.lease_until, w.url, w.secret,
    CASE WHEN w.previous_secret_until > now() THEN w.previous_secret END AS previous_secret
""")
_RECORD = Statement.of("""
WITH done AS (
    UPDATE webhook_deliveries SET tries = tries + 1, lease_until = NULL,
        attempts = attempts || CAST(CAST(:attempt AS text) AS jsonb),
        due_at = now() + make_interval(secs => coalesce(CAST(:delay AS float8), 0)),
        status = CASE WHEN CAST(:taken AS bool) THEN 'delivered'
            WHEN :delay IS NULL OR now() + make_interval(secs => :delay) > give_up_at THEN 'dead'
            ELSE 'pending' END
    WHERE id = :id AND lease_until = :lease_until
    RETURNING webhook_id, status
), disabled AS (
    UPDATE webhooks w SET status = 'disabled', failing_since = coalesce(failing_since, now()),
        error = CASE WHEN CAST(:gone AS bool) THEN 'It answered 410 Gone.'
            ELSE 'Nothing could be delivered for ' || CAST(:days AS int) || ' days.' END
    FROM done WHERE w.id = done.webhook_id AND w.status = 'active' AND NOT :taken
        AND (:gone OR failing_since < now() - make_interval(days => :days))
    RETURNING w.id
), noted AS (
    UPDATE webhooks w SET failing_since = CASE WHEN NOT :taken THEN now() END
    FROM done WHERE w.id = done.webhook_id AND (failing_since IS NULL) <> :taken AND NOT :gone
)
SELECT done.status, EXISTS (SELECT FROM disabled) AS disabled FROM done
""")
_GIVE_BACK = Statement.of("""
UPDATE webhook_deliveries d SET lease_until = NULL, due_at = now()
FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS timestamptz[])) AS held(id, lease_until)
WHERE d.id = held.id AND d.lease_until = held.lease_until
""")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process is to send."""

    id: UUID
    webhook_id: UUID
    workspace_id: UUID
    type: str
    occurred_at: datetime
    payload: dict[str, Any]
    tries: int
    lease_until: datetime
    url: str
    secret: bytes
    previous_secret: bytes | None

    def secrets(self, keyring: Keyring) -> list[str]:
        """In the clear, the newest first."""
        found = [keyring.decrypt(self.secret, secret_context(self.webhook_id))]
        if self.previous_secret is not None:
            found.append(keyring.decrypt(self.previous_secret, previous_context(self.webhook_id)))
        return [each.decode() for each in found]


@dataclass(frozen=True, slots=True)
class Advanced:
    oldest: int
    """Nothing that an earlier transaction wrote is still to come."""
    more: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    status: str
    disabled: bool
    """So is the webhook from now on."""


async def workspaces(connection: Connection) -> set[UUID]:
    """Those in which somebody is to be told something."""
    return {row["workspace_id"] for row in await sql.rows(connection, _WORKSPACES, {})}


async def advance(connection: Connection, wanted: Collection[UUID], batch: int = BATCH) -> Advanced:
    """Make deliveries of what happened in these workspaces."""
    found = await sql.row(connection, _ADVANCE, {"workspaces": list(wanted), "batch": batch})
    assert found is not None
    return Advanced(int(found["oldest"]), found["more"])


async def claim(connection: Connection, limit: int) -> Sequence[Claimed]:
    """Of what is due, up to `limit`. A workflow's deliveries are first tried one after the other, as they happened."""
    given = {"each": PER_WEBHOOK, "limit": limit, "lease": LEASE_SECONDS}
    return [Claimed(**row) for row in await sql.rows(connection, _CLAIM, given)]


async def record(connection: Connection, claimed: Claimed, answered: Answered) -> Recorded | None:
    """None: the lease ran out, and somebody else sends it."""
    attempt = orjson.dumps([answered.shown()]).decode()
    given = {
        "id": claimed.id,
        "lease_until": claimed.lease_until,
        "attempt": attempt,
        "taken": answered.taken,
        "gone": answered.gone,
        "delay": delay(claimed.tries, answered.retry_after),
        "days": FAILING_DAYS,
    }
    found = await sql.row(connection, _RECORD, given)
    return Recorded(**found) if found else None


async def give_back(connection: Connection, claimed: Collection[Claimed]) -> None:
    """What was cut off, and is nobody else's yet: others may send it at once."""
    held = {"ids": [each.id for each in claimed], "leases": [each.lease_until for each in claimed]}
    await sql.rows(connection, _GIVE_BACK, held)


def delay(tries: int, retry_after: float) -> float | None:
    """Seconds until the next attempt after `tries` that failed before; None: it was the last."""
    if tries >= len(DELAYS):
        return None
    return max(DELAYS[tries] * _RANDOM.uniform(1 - JITTER, 1 + JITTER), retry_after)
