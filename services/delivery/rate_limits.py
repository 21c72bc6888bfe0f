"""What an account may still post, and how posts that were missed are kept apart."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.policy import Quota
from core.sql import Connection, Statement

PLATFORM = "platform"
"""The bucket that the platform itself blocks."""

RESERVE: Final = "reserve_post(:account_id, CAST(:quotas AS jsonb), CAST(:gap_seconds AS int), :missed)"
"""With `place` as its parameters: as `reserve` answers."""
_RESERVE: Final = Statement.of(f"SELECT {RESERVE} AS wait")
_BLOCK = text("""
INSERT INTO rate_limits AS r (id, workspace_id, connected_account_id, bucket, window_started_at, window_seconds,
    used, quota, blocked_until)
VALUES (gen_random_uuid(), :workspace_id, :account_id, :bucket, now(), 0, 0, 0, now() + make_interval(secs => :seconds))
ON CONFLICT (connected_account_id, bucket) DO UPDATE SET blocked_until = greatest(r.blocked_until, EXCLUDED.blocked_until)
""")


async def reserve(
    connection: Connection,
    account_id: UUID,
    quotas: Sequence[Quota],
    *,
    gap_seconds: int,
    missed: bool,
) -> float | None:
    """Count one post against every quota, or answer how many seconds to wait. `missed` posts keep `gap_seconds` apart.

    Posts of one account queue here, so that two workers never take the same place.
    """
    wanted = place(account_id, quotas, gap_seconds=gap_seconds, missed=missed)
    (found,) = await sql.rows(connection, _RESERVE, wanted)
    wait: float | None = found["wait"]
    return wait


def place(
    account_id: UUID, quotas: Sequence[Quota], *, gap_seconds: int, missed: bool
) -> Mapping[str, object]:
    rows = [{"bucket": q.bucket, "window_seconds": q.window_seconds, "quota": q.limit} for q in quotas]
    return {
        "account_id": account_id,
        "quotas": orjson.dumps(rows).decode(),
        "gap_seconds": gap_seconds,
        "missed": missed,
    }


async def block(session: AsyncSession, workspace_id: UUID, account_id: UUID, seconds: float) -> None:
    """The platform said to wait."""
    await session.execute(
        _BLOCK,
        {"workspace_id": workspace_id, "account_id": account_id, "bucket": PLATFORM, "seconds": seconds},
    )
