"""What a workspace may spend on language models, and what it has spent."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.principal import Principal
from models import Budget
from models.measurement import BudgetPeriod


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Periods are calendar days and months in UTC, by the database's clock."""

    period: BudgetPeriod
    limit_usd: Decimal
    spent_usd: Decimal
    resets_at: datetime

    @property
    def remaining_usd(self) -> Decimal:
        return max(self.limit_usd - self.spent_usd, Decimal(0))


_STATES = text("""
SELECT b.period::text, b.limit_usd, coalesce(sum(u.cost_usd), 0) AS spent_usd,
    (date_trunc(b.period::text, now() AT TIME ZONE 'UTC') + ('1 ' || b.period::text)::interval) AT TIME ZONE 'UTC' AS resets_at
FROM budgets b
LEFT JOIN token_usage u
    ON u.workspace_id = b.workspace_id AND u.created_at >= date_trunc(b.period::text, now(), 'UTC')
GROUP BY b.id ORDER BY b.period
""")


async def browse(session: AsyncSession) -> list[BudgetState]:
    rows = await session.execute(_STATES)
    return [
        BudgetState(BudgetPeriod(row.period), row.limit_usd, row.spent_usd, row.resets_at) for row in rows
    ]


async def put(
    session: AsyncSession, principal: Principal, period: BudgetPeriod, limit_usd: Decimal | None
) -> list[BudgetState]:
    """Set the period's limit; None lifts it."""
    if limit_usd is None:
        await session.execute(delete(Budget).where(Budget.period == period))
        return await browse(session)
    budget = insert(Budget).values(workspace_id=principal.workspace_id, period=period, limit_usd=limit_usd)
    await session.execute(
        budget.on_conflict_do_update(
            index_elements=[Budget.workspace_id, Budget.period], set_={"limit_usd": budget.excluded.limit_usd}
        )
    )
    return await browse(session)
