"""Work that nobody is going to do: found by the clock, and handed to the workers again.

What a worker leaves when it dies is no such thing: a thread's lease runs out (services.claims), so does an extraction's
(services.library.extractions), and the queue gives back its own. Here is what neither lease nor queue has any more.
"""

from typing import Final

from sqlalchemy import text

from core.db import Database
from core.settings import Settings
from services.library import extractions

STUCK_SECONDS: Final = 3600
BATCH: Final = 500

# Counted as a lost lease: whoever claims a thread that has lost too many fails it with the reason.
_WAKE = text("""
UPDATE platform_states SET due_at = now(), lost_leases = lost_leases + 1, lease_until = NULL
WHERE id IN (
    SELECT p.id FROM platform_states p JOIN threads t ON t.id = p.id AND t.deleted_at IS NULL
    WHERE p.due_at IS NULL AND p.status IN ('generating', 'evaluating', 'accepted', 'scheduled', 'publishing')
        AND p.updated_at < now() - make_interval(secs => :seconds)
        AND (p.status IN ('generating', 'evaluating') OR EXISTS (
            SELECT FROM publishing_jobs j
            WHERE j.thread_id = p.id AND j.status IN ('queued', 'scheduled', 'publishing')
        ))
    LIMIT :batch FOR UPDATE OF p SKIP LOCKED
)
RETURNING id
""")
_UNREAD = text("""
SELECT f.id, f.workspace_id FROM files f
WHERE f.extraction_status IN ('pending', 'processing') AND f.updated_at < now() - make_interval(secs => :seconds)
    AND NOT EXISTS (SELECT FROM extractions e WHERE e.file_id = f.id AND e.due_at IS NOT NULL)
LIMIT :batch FOR UPDATE SKIP LOCKED
""")


async def retry_stuck(db: Database, settings: Settings) -> int:
    """A routine. Threads on their way that nobody is to look after, and files whose text nobody is to get, for an hour."""
    return await _wake_threads(db) + await _extract(db)


async def _wake_threads(db: Database) -> int:
    async with db.service() as session:
        return len((await session.execute(_WAKE, {"seconds": STUCK_SECONDS, "batch": BATCH})).all())


async def _extract(db: Database) -> int:
    """Each request has its tries anew, and a time by which somebody looks after it: none is found here twice."""
    async with db.service() as session:
        found = (await session.execute(_UNREAD, {"seconds": STUCK_SECONDS, "batch": BATCH})).all()
        for row in found:
            await extractions.request(session, row.workspace_id, row.id)
    return len(found)
