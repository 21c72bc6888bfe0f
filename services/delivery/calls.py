"""What an adapter is called with: the publication and what was kept of it, and how the calls before went."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from core import sql
from core.sql import Statement
from platforms.base import Kept, Publication, Recipients
from services.claims import Claim, ClaimLost
from services.delivery.orders import Order
from services.runtime import Runtime

# The thread's row first, as everywhere; its epoch fences what a worker keeps that has lost the thread.
_KEEP: Final = Statement.of("""
WITH fence AS (
    SELECT id FROM platform_states WHERE id = :thread_id AND epoch = :epoch AND lease_until IS NOT NULL FOR UPDATE
)
UPDATE publishing_jobs j SET progress = CAST(:progress AS jsonb) FROM fence f
WHERE j.thread_id = f.id AND j.id = :job_id RETURNING j.id
""")


def publication(
    order: Order, runtime: Runtime, first_attempt_at: datetime, recipients: Recipients | None = None
) -> Publication:
    claim, job = order.claim, order.job

    async def keep(kept: Kept) -> None:
        row = {
            "thread_id": claim.thread_id,
            "epoch": claim.epoch,
            "job_id": job["id"],
            "progress": orjson.dumps(kept).decode(),
        }
        async with runtime.db.autocommit() as connection:
            if await sql.row(connection, _KEEP, row) is None:
                raise ClaimLost

    return Publication(UUID(job["id"]), order.content, first_attempt_at, job["progress"], keep, recipients)


# A newsletter's call that mailed somebody and was not the last one leaves no attempt.
_TRIES: Final = Statement.of("""
SELECT count(*) FILTER (WHERE kind = 'publish' AND outcome <> 'unknown') AS answered,
    count(*) FILTER (WHERE outcome = 'unreachable' AND started_at > greatest(
        (SELECT max(started_at) FROM publishing_attempts
         WHERE publishing_job_id = :job_id AND outcome IS DISTINCT FROM 'unreachable'),
        (SELECT max(updated_at) FROM email_deliveries WHERE publishing_job_id = :job_id AND outcome = 'sent'),
        '-infinity')) AS unreachable
FROM publishing_attempts WHERE publishing_job_id = :job_id
""")


async def tries_before(runtime: Runtime, claim: Claim, job: dict[str, Any]) -> tuple[int, int]:
    """Calls that brought no answer, those that a worker died in among them, and tries in a row that did not reach the
    platform; a first call has neither."""
    if job["attempts"] == 0:
        return 0, 0
    async with runtime.db.autocommit() as connection:
        (row,) = await sql.rows(connection, _TRIES, {"job_id": job["id"]})
    return job["attempts"] - row["answered"], row["unreachable"]
