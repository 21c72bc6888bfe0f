"""What a calendar has: what is out, what goes out, and what waits for a decision with a time that was wished for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core import sql
from core.sql import Connection, Statement

MOST: Final = 1000
"""Entries; of more, the first."""


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    href: str
    """Its page."""
    platform: str
    status: str
    """The job's; `pending` of a review."""
    words: str


async def between(connection: Connection, since: datetime, until: datetime) -> Sequence[Entry]:
    """From `since` to before `until`, in their order."""
    found = await sql.rows(connection, _BETWEEN, {"since": since, "until": until, "most": MOST})
    return [Entry(**row) for row in found]


_WORDS: Final = "coalesce(nullif(d.metadata ->> 'title', ''), left(d.content, 160))"
_JOBS: Final = f"""
    SELECT j.scheduled_for AS at, '/ledger/' || j.id AS href, j.platform, j.status::text AS status, {_WORDS} AS words
    FROM publishing_jobs j JOIN drafts d ON d.id = j.draft_id
    WHERE j.scheduled_for >= :since AND j.scheduled_for < :until
"""
_BETWEEN: Final = Statement.of(f"""
    SELECT p.created_at AS at, '/published/' || p.id AS href, p.platform, 'published' AS status,
        coalesce(nullif(p.title, ''), left(p.text_content, 160), '') AS words
    FROM posts p WHERE p.created_at >= :since AND p.created_at < :until AND p.takedown_status <> 'removed'
    UNION ALL
    {_JOBS} AND j.status IN ('queued', 'scheduled', 'held')
    UNION ALL
    {_JOBS} AND j.status IN ('publishing', 'unknown', 'failed') AND coalesce(j.error ->> 'code', '') <> 'Refused'
    UNION ALL
    SELECT r.schedule_for, '/reviews/' || r.id, r.platform, 'pending', {_WORDS}
    FROM reviews r JOIN drafts d ON d.id = r.draft_id
    WHERE r.status = 'pending' AND r.schedule_for >= :since AND r.schedule_for < :until
    ORDER BY at, href LIMIT :most
""")
"""Jobs in two parts: the first is what the index of scheduled ones has, the second is few."""
