"""The claim on a thread, its lease, and the fence. The row is the job: see docs/concepts.md.

Everything that changes a thread locks its `platform_states` row first, so that writers queue and never deadlock.
All times are the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core import sql
from core.sql import Connection, Statement
from services import checkpoints

LOST_LEASE_LIMIT = 20
"""Kills and freezes in a row before a thread is failed: it may be what kills its workers."""


class ClaimLost(Exception):
    """Another worker, or a person, has taken the thread since; nothing of this advance was written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A thread held by this worker until `lease_until`, with all that an advance needs to read."""

    thread_id: UUID
    workspace_id: UUID
    workflow_id: UUID
    user_id: UUID
    platform: str
    run_id: UUID | None
    """That of LangGraph's protocol for which the thread is at work, if it is one's."""
    status: str
    epoch: int
    attempts: int
    lost_leases: int
    now: datetime
    source: dict[str, Any]
    options: dict[str, Any]
    schedule_for: datetime | None
    default_account_id: UUID | None
    simulated: bool
    """The account of the latest review is."""
    budgeted: bool
    """The workspace has a budget: paid calls are reserved before they are made."""
    review: dict[str, Any] | None
    """The thread's latest review, as its row reads in JSON."""
    job: dict[str, Any] | None
    """That review's publishing job."""
    checkpoint: dict[str, Any] | None
    """The latest checkpoint's columns, for `checkpoints.load`."""


_TAKE = Statement.of("""
WITH due AS (
    SELECT id FROM platform_states
    WHERE due_at <= now() AND (lease_until IS NULL OR lease_until <= now())
    ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE platform_states p
    SET epoch = p.epoch + 1,
        lost_leases = p.lost_leases + CASE WHEN p.lease_until IS NULL THEN 0 ELSE 1 END,
        lease_until = now() + make_interval(secs => :lease),
        due_at = now() + make_interval(secs => :lease),
        held_by = :worker
    FROM due WHERE p.id = due.id
    RETURNING p.id
)
SELECT array(SELECT id FROM taken) AS ids,
    (SELECT CAST(EXTRACT(EPOCH FROM min(due_at) - now()) AS float8) FROM platform_states WHERE due_at > now()) AS next_due
""")

# A statement of its own: the one that locks sees reviews, jobs and checkpoints as they were before it had the lock.
_READ = Statement.of(f"""
SELECT c.id AS thread_id, c.workspace_id, c.workflow_id, w.user_id, c.platform::text AS platform, c.run_id,
    c.status::text AS status, c.epoch, c.attempts, c.lost_leases, now() AS now,
    w.source_content AS source, w.manual_options AS options, w.schedule_for,
    a.id AS default_account_id,
    coalesce((SELECT simulated FROM connected_accounts WHERE id = r.connected_account_id), false) AS simulated,
    EXISTS (SELECT FROM budgets b WHERE b.workspace_id = c.workspace_id) AS budgeted,
    to_jsonb(r) AS review, to_jsonb(j) AS job, {checkpoints.COLUMNS}
FROM platform_states c
JOIN workflows w ON w.workspace_id = c.workspace_id AND w.id = c.workflow_id
LEFT JOIN LATERAL (
    SELECT id FROM connected_accounts
    WHERE workspace_id = c.workspace_id AND platform = c.platform AND status = 'active'
    ORDER BY simulated, created_at, id LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    SELECT * FROM reviews WHERE thread_id = c.id ORDER BY created_at DESC, id DESC LIMIT 1
) r ON true
LEFT JOIN LATERAL (
    SELECT * FROM publishing_jobs WHERE review_id = r.id ORDER BY created_at DESC, id DESC LIMIT 1
) j ON true
{checkpoints.JOIN}
WHERE c.id = ANY(CAST(:ids AS uuid[]))
""")

_RENEW = Statement.of("""
UPDATE platform_states p
SET lease_until = now() + make_interval(secs => :lease),
    due_at = CASE WHEN p.due_at < p.lease_until THEN p.due_at ELSE now() + make_interval(secs => :lease) END
FROM unnest(CAST(:ids AS uuid[]), CAST(:epochs AS bigint[])) AS held(id, epoch)
WHERE p.id = held.id AND p.epoch = held.epoch AND p.lease_until IS NOT NULL
RETURNING p.id
""")


_GIVE_BACK = Statement.of("""
UPDATE platform_states p
SET lease_until = NULL, held_by = NULL, due_at = least(p.due_at, now() + make_interval(secs => :due_in))
FROM unnest(CAST(:ids AS uuid[]), CAST(:epochs AS bigint[])) AS held(id, epoch)
WHERE p.id = held.id AND p.epoch = held.epoch AND p.lease_until IS NOT NULL
""")


async def claim(
    connection: Connection, *, worker: str, limit: int, lease_seconds: float
) -> tuple[list[Claim], float | None]:
    """Take up to `limit` due threads, each of which must be advanced; and say in how many seconds something else is
    due, None when nothing is planned."""
    wanted = {"limit": limit, "lease": lease_seconds, "worker": worker}
    (taken,) = await sql.rows(connection, _TAKE, wanted)
    found = await sql.rows(connection, _READ, taken) if taken["ids"] else []
    return [_claim(row) for row in found], taken["next_due"]


async def renew(connection: Connection, held: Sequence[Claim], *, lease_seconds: float) -> set[UUID]:
    """Extend the leases; answers the threads that are still ours."""
    return {row["id"] for row in await sql.rows(connection, _RENEW, {**_keys(held), "lease": lease_seconds})}


async def give_back(connection: Connection, held: Sequence[Claim], *, due_in: float) -> None:
    """As they were committed last: nobody waits for the lease to run out, and no lost lease is counted."""
    await sql.rows(connection, _GIVE_BACK, {**_keys(held), "due_in": due_in})


def _keys(held: Sequence[Claim]) -> dict[str, list[Any]]:
    return {"ids": [claim.thread_id for claim in held], "epochs": [claim.epoch for claim in held]}


def _claim(row: dict[str, Any]) -> Claim:
    fields = {name: row.pop(name) for name in Claim.__slots__ if name != "checkpoint"}
    return Claim(**fields, checkpoint=row if row.get("checkpoint_id") else None)
