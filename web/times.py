"""A day and a time as `datetime-local` sends them: without a zone, which is the page's."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from api.schemas.common import LAST_YEAR
from core.errors import FieldError, Invalid

_MISSING: Final = "Give a day and a time."


def instant(local: str, zone: str, field: str = "/schedule_for") -> datetime:
    """Of the hour that comes twice in autumn the first. Raises Invalid, which names the form's `field`, also for the hour
    that is left out in spring."""
    try:
        where = ZoneInfo(zone)
        naive = datetime.fromisoformat(local)
        there = naive.replace(tzinfo=where)
        at = there.astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError, OverflowError, OSError):
        raise _no_time(_MISSING, field) from None
    if naive.tzinfo is not None:
        raise _no_time(_MISSING, field)
    if naive.year > LAST_YEAR:
        raise _no_time(f"This is after the year {LAST_YEAR}.", field)
    if at.astimezone(where).replace(tzinfo=None) != naive:
        raise _no_time(f"There is no {naive:%H:%M} on that day in {zone}: clocks go forward.", field)
    return there


def _no_time(detail: str, field: str) -> Invalid:
    return Invalid(detail, errors=[FieldError(field, detail)])
