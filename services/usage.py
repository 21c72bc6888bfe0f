"""What language models took and cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Amount:
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    unpriced_calls: int
    """Calls of models whose price is not known; they count as 0 in `cost_usd`."""


@dataclass(frozen=True, slots=True)
class Line:
    day: date
    service: str
    model: str
    platform: str | None
    """None where it was for no thread, or the thread is gone."""
    amount: Amount


@dataclass(frozen=True, slots=True)
class Report:
    since: datetime
    until: datetime
    total: Amount
    lines: Sequence[Line]


_AMOUNTS = """
count(*) AS calls, coalesce(sum(input_tokens), 0) AS input_tokens,
coalesce(sum(output_tokens), 0) AS output_tokens, coalesce(sum(cost_usd), 0) AS cost_usd,
count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced_calls
"""
_SPAN = text("""
SELECT coalesce(CAST(:since AS timestamptz), date_trunc('month', now(), 'UTC')) AS since,
    coalesce(CAST(:until AS timestamptz), now()) AS until
""")
_LINES = text(f"""
SELECT (u.created_at AT TIME ZONE 'UTC')::date AS day, u.service, u.model, p.platform, {_AMOUNTS}
FROM token_usage u LEFT JOIN platform_states p ON p.id = u.thread_id
WHERE u.created_at >= :since AND u.created_at <= :until
GROUP BY 1, 2, 3, 4 ORDER BY 1 DESC, 2, 3, 4
""")
_TOTAL = text(f"SELECT {_AMOUNTS} FROM token_usage WHERE created_at >= :since AND created_at <= :until")


async def report(session: AsyncSession, since: datetime | None, until: datetime | None) -> Report:
    """Days are UTC's. `since` is by default the beginning of the month, `until` now."""
    span = (await session.execute(_SPAN, {"since": since, "until": until})).one()
    times = {"since": span.since, "until": span.until}
    total = (await session.execute(_TOTAL, times)).one()
    rows = await session.execute(_LINES, times)
    lines = [Line(row.day, row.service, row.model, row.platform, _amount(row)) for row in rows]
    return Report(span.since, span.until, _amount(total), lines)


def _amount(row: Any) -> Amount:
    return Amount(row.calls, row.input_tokens, row.output_tokens, row.cost_usd, row.unpriced_calls)
