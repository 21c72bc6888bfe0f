"""What a platform would say to a text, and what its accounts may still post, without posting anything."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.content import Content
from core.policy import Policy, Violation
from platforms.registry import PLATFORMS, PlatformName


@dataclass(frozen=True, slots=True)
class Measure:
    policy: Policy
    lengths: Sequence[int]
    """Of each part: one, but for a thread."""
    violations: Sequence[Violation]
    cost_usd: Decimal

    @property
    def length(self) -> int:
        """Of the longest part: each has to fit."""
        return max(self.lengths)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What one account may still post. `resets_at` is None while nothing is counted, `blocked_until` the platform's word."""

    account_id: UUID
    username: str
    simulated: bool
    bucket: str
    limit: int
    window_seconds: int
    remaining: int
    resets_at: datetime | None
    blocked_until: datetime | None


_USED = text("""
SELECT a.id, a.username, a.simulated, q.bucket,
    CASE WHEN r.window_started_at + make_interval(secs => r.window_seconds) > now() THEN r.used ELSE 0 END AS used,
    CASE WHEN r.window_started_at + make_interval(secs => r.window_seconds) > now()
        THEN r.window_started_at + make_interval(secs => r.window_seconds) END AS resets_at,
    (SELECT max(blocked_until) FROM rate_limits b
        WHERE b.connected_account_id = a.id AND b.blocked_until > now()) AS blocked_until
FROM connected_accounts a
CROSS JOIN unnest(CAST(:buckets AS text[])) AS q(bucket)
LEFT JOIN rate_limits r ON r.connected_account_id = a.id AND r.bucket = q.bucket
WHERE a.platform = :platform AND a.status = 'active'
ORDER BY a.simulated, a.created_at, a.id, q.bucket
""")


async def measure(platform: PlatformName, content: Content) -> Measure:
    """Off the event loop, since a text may have a million characters."""
    policy = PLATFORMS[platform].policy
    return await asyncio.to_thread(
        lambda: Measure(
            policy,
            policy.lengths(content.content),
            policy.violations(content),
            Decimal(policy.cost_usd(content)),
        )
    )


async def remaining(session: AsyncSession, platform: PlatformName) -> list[Remaining]:
    quotas = {quota.bucket: quota for quota in PLATFORMS[platform].policy.quotas}
    rows = await session.execute(_USED, {"platform": platform, "buckets": list(quotas)})
    return [
        Remaining(
            row.id,
            row.username,
            row.simulated,
            row.bucket,
            quotas[row.bucket].limit,
            quotas[row.bucket].window_seconds,
            max(0, quotas[row.bucket].limit - (row.used or 0)),
            row.resets_at,
            row.blocked_until,
        )
        for row in rows
    ]
