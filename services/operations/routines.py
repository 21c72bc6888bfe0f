"""What the worker does by the clock. Each routine is idempotent, safe in two workers at once, and says how many rows it
changed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy import CursorResult, TextClause, text

from core.db import Database
from core.settings import Settings
from services.library import extractions
from services.library.file_orphans import remove_orphans
from services.operations.housekeeping import retry_stuck

Bound = Callable[[], Awaitable[int]]
Routine = Callable[[Database, Settings], Awaitable[int]]

BATCH: Final = 500
"""Threads or workflows that one statement looks at or locks: a sweep never stands in the way of the work."""
ARCHIVE_DAYS: Final = 90
DELIVERY_DAYS: Final = 30
CONDENSATION_DAYS: Final = 7
"""Long enough for a workflow that is tried again, or started anew with other wishes."""

# From the checkpoints and not from the threads: those that have some are few, those that have ended are all there were.
_CHECKPOINTS = text("""
WITH kept AS MATERIALIZED (
    SELECT DISTINCT thread_id FROM checkpoints WHERE thread_id > :after ORDER BY thread_id LIMIT :batch
), ended AS MATERIALIZED (
    SELECT k.thread_id AS id
    FROM kept k JOIN platform_states p ON p.id = k.thread_id::uuid JOIN workflows w ON w.id = p.workflow_id
    WHERE w.status IN ('completed', 'failed', 'cancelled', 'archived')
        AND p.status IN ('published', 'rejected', 'cancelled')
        AND greatest(w.updated_at, p.updated_at) < now() - make_interval(hours => :hours)
), blobs AS (
    DELETE FROM checkpoint_blobs b USING ended e WHERE b.thread_id = e.id
), writes AS (
    DELETE FROM checkpoint_writes w USING ended e WHERE w.thread_id = e.id
), gone AS (
    DELETE FROM checkpoints k USING ended e WHERE k.thread_id = e.id RETURNING 1
)
SELECT max(thread_id) AS last, (SELECT count(*) FROM gone) AS removed FROM kept
""")
_ARCHIVE = text("""
UPDATE workflows SET status = 'archived' WHERE id IN (
    SELECT id FROM workflows WHERE status = 'completed' AND updated_at < now() - make_interval(days => :days)
    LIMIT :batch FOR UPDATE SKIP LOCKED
)
""")
_SESSIONS = text(
    "DELETE FROM user_sessions WHERE coalesce(revoked_at, expires_at) < now() - interval '30 days'"
)
_IDEMPOTENCY_KEYS = text("DELETE FROM idempotency_keys WHERE expires_at < now()")
_INVITATIONS = text("DELETE FROM invitations WHERE expires_at < now() - interval '30 days'")
_PRESENCE = text("DELETE FROM review_presence WHERE seen_at < now() - interval '1 hour'")
_DELIVERIES = text("""
DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE created_at < now() - make_interval(days => :days)
    LIMIT :batch FOR UPDATE SKIP LOCKED
)
""")
_CONDENSATIONS = text("""
DELETE FROM condensations WHERE id IN (
    SELECT id FROM condensations WHERE created_at < now() - make_interval(days => :days)
    LIMIT :batch FOR UPDATE SKIP LOCKED
)
""")
# Gone is what was not there although others were: a feed that is out of reach, or the same for years, loses nothing.
_GONE: Final = """
    e.seen_at < now() - make_interval(days => :days)
    AND e.seen_at < (SELECT max(l.seen_at) FROM feed_entries l WHERE l.feed_id = e.feed_id) - make_interval(days => :days)
    LIMIT :batch FOR UPDATE OF e SKIP LOCKED
"""
_GONE_ENTRIES = text(f"""
DELETE FROM feed_entries WHERE id IN (SELECT e.id FROM feed_entries e WHERE e.status <> 'started' AND {_GONE})
""")
# What was started is known by its names, should it ever come back; its words are the workflow's.
_STARTED_ENTRIES = text(f"""
UPDATE feed_entries SET text = ''
WHERE id IN (SELECT e.id FROM feed_entries e WHERE e.status = 'started' AND e.text <> '' AND {_GONE})
""")
_PARTITIONS = text("SELECT make_partitions()")
_DETACH = text("SELECT detach_partitions(make_interval(days => :days))")


async def remove_checkpoints(db: Database, settings: Settings) -> int:
    """Of threads that ended `checkpoint_keep_hours` ago; their state is answered from the rows afterwards."""
    after: str | None = ""
    total = 0
    while after is not None:
        given = {"hours": settings.checkpoint_keep_hours, "after": after, "batch": BATCH}
        async with db.service() as session:
            after, removed = (await session.execute(_CHECKPOINTS, given)).one()
        total += removed
    return total


async def archive_workflows(db: Database, settings: Settings) -> int:
    """Completed ones that nothing has touched for 90 days."""
    return await _in_batches(db, _ARCHIVE, days=ARCHIVE_DAYS)


async def remove_deliveries(db: Database, settings: Settings) -> int:
    """What webhooks were told a month ago."""
    return await _in_batches(db, _DELIVERIES, days=DELIVERY_DAYS)


async def remove_condensations(db: Database, settings: Settings) -> int:
    """What was made of long sources a week ago; threads keep what they were written from."""
    return await _in_batches(db, _CONDENSATIONS, days=CONDENSATION_DAYS)


async def remove_gone_entries(db: Database, settings: Settings) -> int:
    """What feeds have had no more for as long as logs are kept; none of it can start a second time."""
    days = settings.log_keep_days
    return await _in_batches(db, _GONE_ENTRIES, days=days) + await _in_batches(
        db, _STARTED_ENTRIES, days=days
    )


async def remove_expired(db: Database, settings: Settings) -> int:
    """Sessions and invitations long over, idempotency keys no longer kept, and who once looked at a review."""
    changed = 0
    for statement in (_SESSIONS, _IDEMPOTENCY_KEYS, _INVITATIONS, _PRESENCE):
        async with db.service() as session:
            changed += _rows(await session.execute(statement))
    return changed


async def keep_partitions(db: Database, settings: Settings) -> int:
    """Make the coming months' partitions and let go of those whose logs need not be kept."""
    async with db.service() as session:
        made = (await session.execute(_PARTITIONS)).scalar_one()
        detached = (await session.execute(_DETACH, {"days": settings.log_keep_days})).scalar_one()
    return int(made) + int(detached)


ROUTINES: Final[Mapping[str, tuple[str, Routine]]] = {
    "remove_checkpoints": ("*/10 * * * *", remove_checkpoints),
    "remove_expired": ("7 * * * *", remove_expired),
    "keep_partitions": ("11 3 * * *", keep_partitions),
    "archive_workflows": ("23 3 * * *", archive_workflows),
    "remove_deliveries": ("37 * * * *", remove_deliveries),
    "remove_condensations": ("53 3 * * *", remove_condensations),
    "remove_gone_entries": ("59 3 * * *", remove_gone_entries),
    "retry_lost_extractions": ("*/2 * * * *", extractions.retry_lost),
    "retry_stuck": ("17 * * * *", retry_stuck),
    "remove_orphans": ("47 2 * * *", remove_orphans),
}
"""Name: (cron in UTC, routine)."""


async def _in_batches(db: Database, statement: TextClause, **given: int) -> int:
    """Until there is nothing left for it to change."""
    total = 0
    while True:
        async with db.service() as session:
            changed = _rows(await session.execute(statement, {**given, "batch": BATCH}))
        total += changed
        if changed == 0:
            return total


def _rows(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount
