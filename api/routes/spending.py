from typing import Annotated

from fastapi import Query

from api.deps import Owner, Session, Viewer
from api.pages import Page
from api.route import router as new_router
from api.schemas.administration import BudgetIn, BudgetOut, UsageOut
from api.schemas.common import TimeIn
from services import budgets, usage

router = new_router("/v1", "administration")


@router.get("/budgets")
async def list_budgets(_: Viewer, session: Session) -> Page[BudgetOut]:
    return _show(await budgets.browse(session))


@router.post("/budgets")
async def set_budget(body: BudgetIn, principal: Owner, session: Session) -> Page[BudgetOut]:
    """Sets or lifts one period's limit; answers all of them."""
    return _show(await budgets.put(session, principal, body.period, body.limit_usd))


@router.get("/usage")
async def get_usage(
    _: Viewer,
    session: Session,
    since: Annotated[
        TimeIn | None, Query(description="By default the beginning of this month (UTC).")
    ] = None,
    until: Annotated[TimeIn | None, Query(description="By default now.")] = None,
) -> UsageOut:
    return UsageOut.model_validate(await usage.report(session, since, until))


def _show(found: list[budgets.BudgetState]) -> Page[BudgetOut]:
    return Page.whole([BudgetOut.model_validate(budget) for budget in found])
