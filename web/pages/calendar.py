"""A month: what went out, what goes out, and what somebody has to decide before it can."""

from calendar import Calendar
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Session, Viewer
from core.principal import Role
from core.sql import connection_of
from services.delivery import calendar
from web.rendering import page, timezone
from web.route import router as new_router

router = new_router("/calendar")

SHOWN: Final = 5
"""Of a day; the others are unfolded."""


@router.get("")
async def show(
    request: Request,
    principal: Viewer,
    session: Session,
    month: Annotated[str, Query(pattern="^(2[0-9]{3}-(0[1-9]|1[0-2]))?$")] = "",
) -> Response:
    """`month` as 2027-03; without it the present one, in the page's time zone."""
    zone = timezone(request)
    today = datetime.now(zone).date()
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    since, until = (
        datetime.combine(day, time(), zone) for day in (weeks[0][0], weeks[-1][-1] + timedelta(days=1))
    )
    found = await calendar.between(connection_of(session), since, until)
    days: defaultdict[date, list[calendar.Entry]] = defaultdict(list)
    for entry in found:
        days[entry.at.astimezone(zone).date()].append(entry)
    return page(
        request,
        "calendar/page.html",
        first=first,
        before=first - timedelta(days=1),
        after=first + timedelta(days=31),
        today=today,
        weeks=weeks,
        days=days,
        shown=SHOWN,
        cut=len(found) == calendar.MOST,
        may_write=principal.may_act_as(Role.EDITOR),
    )
