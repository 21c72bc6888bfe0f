"""What is next: the inbox's order and filters, carried from page to page in the address."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.requests import Request

from core.principal import Principal
from core.sql import Connection
from services import pages
from services.reviewing import review_views
from services.reviewing.review_filters import Sort
from services.reviewing.review_views import ItemView
from web.pages.inbox import Chosen


def chosen(request: Request) -> Chosen:
    """None of them where the address holds what is no filter: a draft can be decided all the same."""
    try:
        return Chosen.model_validate(dict(request.query_params))
    except ValidationError:
        return Chosen()


async def following(
    connection: Connection, principal: Principal, request: Request, after: ItemView
) -> tuple[ItemView | None, int]:
    """The one after it, at the end the most urgent again, and how many wait with it: who skips one gets past it."""
    filters = chosen(request).filters(principal.user_id, datetime.now(UTC))
    here = pages.Position(after.created_at, after.id, after.due_at)
    found = await review_views.browse(connection, pages.Wanted(1, here), filters, Sort.URGENT)
    if not found.items:
        found = await review_views.browse(connection, pages.Wanted(limit=1), filters, Sort.URGENT)
    count = await review_views.count(connection, filters)
    return next((item for item in found.items if item.id != after.id), None), count


def address(path: str, request: Request, **more: object) -> str:
    """With the filters. `last` names the review that was decided just before."""
    given = {**chosen(request).given, **more}
    return f"{path}?{urlencode(given)}" if given else path
