"""What an account may still post, and how posts that were missed are kept apart."""

from collections.abc import Sequence
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.policy import Quota
from models import ConnectedAccount

CATCH_UP = "catch_up"
"""The bucket that knows when the account posted last."""
PLATFORM = "platform"
"""The bucket that the platform itself blocks."""

_RESERVE = text("""
INSERT INTO rate_limits AS r (id, workspace_id, connected_account_id, bucket, window_started_at, window_seconds,
    used, quota)
SELECT gen_random_uuid(), :workspace_id, :account_id, q.bucket, now(), q.window_seconds, 1, q.quota
FROM jsonb_to_recordset(CAST(:quotas AS jsonb)) AS q(bucket text, window_seconds int, quota int)
ORDER BY q.bucket
ON CONFLICT (connected_account_id, bucket) DO UPDATE SET
    window_seconds = EXCLUDED.window_seconds, quota = EXCLUDED.quota,
    used = CASE WHEN r.window_started_at + make_interval(secs => r.window_seconds) <= now() THEN 1 ELSE r.used + 1 END,
    window_started_at = CASE
        WHEN r.window_started_at + make_interval(secs => r.window_seconds) <= now() OR r.bucket = :catch_up THEN now()
        ELSE r.window_started_at
    END
""")
_WAIT = text("""
SELECT EXTRACT(EPOCH FROM max(greatest(
    blocked_until,
    CASE WHEN bucket <> :catch_up AND used >= quota OR bucket = :catch_up AND :missed
        THEN window_started_at + make_interval(secs => window_seconds) END
)) - now()) FROM rate_limits WHERE connected_account_id = :account_id
""")
_LOCK = text("SELECT FROM connected_accounts WHERE id = :account_id FOR NO KEY UPDATE")
_BLOCK = text("""
INSERT INTO rate_limits AS r (id, workspace_id, connected_account_id, bucket, window_started_at, window_seconds,
    used, quota, blocked_until)
VALUES (gen_random_uuid(), :workspace_id, :account_id, :bucket, now(), 0, 0, 0, now() + make_interval(secs => :seconds))
ON CONFLICT (connected_account_id, bucket) DO UPDATE SET blocked_until = greatest(r.blocked_until, EXCLUDED.blocked_until)
""")


async def reserve(
    session: AsyncSession,
    account: ConnectedAccount,
    quotas: Sequence[Quota],
    *,
    gap_seconds: int,
    missed: bool,
) -> float | None:
    """Count one post against every quota, or answer how many seconds to wait. `missed` posts keep `gap_seconds` apart.

    Posts of one account queue here, so that two workers never take the same place.
    """
    names = {"account_id": account.id, "catch_up": CATCH_UP}
    await session.execute(_LOCK, {"account_id": account.id})
    wait = (await session.execute(_WAIT, {**names, "missed": missed})).scalar()
    if wait is not None and wait > 0:
        return float(wait)
    rows = [{"bucket": q.bucket, "window_seconds": q.window_seconds, "quota": q.limit} for q in quotas]
    rows.append({"bucket": CATCH_UP, "window_seconds": gap_seconds, "quota": 1})
    await session.execute(
        _RESERVE, {**names, "workspace_id": account.workspace_id, "quotas": orjson.dumps(rows).decode()}
    )
    return None


async def block(session: AsyncSession, workspace_id: UUID, account_id: UUID, seconds: float) -> None:
    """The platform said to wait."""
    await session.execute(
        _BLOCK,
        {"workspace_id": workspace_id, "account_id": account_id, "bucket": PLATFORM, "seconds": seconds},
    )
