"""Background work that need not be fenced: enqueued with the caller's own transaction, done at least once."""

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

QUEUE = "default"
SLOW = "slow"
"""What takes minutes: workers do it beside everything else, so that nothing waits behind it."""

_DEFER = text("""
SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW(:queue, :task, 0, NULL, NULL, CAST(:args AS jsonb),
        now() + make_interval(secs => CAST(:after_seconds AS float8)))::procrastinate_job_to_defer_v1
])
""")


async def defer(
    session: AsyncSession, task: str, *, queue: str = QUEUE, after_seconds: float | None = None, **ids: Any
) -> None:
    """`ids` only: the queue's tables are no tenant's, so nothing that a person wrote goes there."""
    arguments = orjson.dumps(ids, default=str).decode()
    job = {"queue": queue, "task": task, "args": arguments, "after_seconds": after_seconds}
    await session.execute(_DEFER, job)
