"""What may be spent on language models, and what was."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from fastapi import Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Owner, Session, Viewer
from models.measurement import BudgetPeriod
from services import budgets, usage
from web.filters import label
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/budgets")

HERE: Final = "/settings/budgets"
DAYS: Final = 30
Limit = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


class Given(BaseModel):
    period: BudgetPeriod
    limit_usd: Limit | None = None


@router.get("")
async def show(
    request: Request, _: Viewer, session: Session, by: Literal["model", "platform"] = "model"
) -> Response:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    report = await usage.report(session, today - timedelta(days=DAYS - 1), None)
    return page(
        request,
        "settings/budgets.html",
        budgets={each.period: each for each in await budgets.browse(session)},
        periods=list(BudgetPeriod),
        report=report,
        chart=_chart(report, by),
        by=by,
        days=DAYS,
    )


@router.post("")
async def change(
    request: Request, given: Annotated[Given, Form()], principal: Owner, session: Session
) -> Response:
    """No limit lifts it."""
    await budgets.put(session, principal, given.period, given.limit_usd)
    return redirect(request, HERE, "Saved.")


def _chart(report: usage.Report, by: str) -> dict[str, Any]:
    """For chart.js: seconds since 1970 for each day (UTC), and dollars by day for each model or platform."""
    first, last = report.since.date(), report.until.date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    spent: dict[str, dict[date, Decimal]] = {}
    for line in report.lines:
        name = line.model if by == "model" else label(line.platform or "other")
        of_name = spent.setdefault(name, {})
        of_name[line.day] = of_name.get(line.day, Decimal(0)) + line.amount.cost_usd
    return {
        "days": [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in days],
        "series": [
            {"name": name, "values": [float(of_day.get(day, 0)) for day in days]}
            for name, of_day in sorted(spent.items())
            if any(of_day.values())
        ],
    }
