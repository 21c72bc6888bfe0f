"""What is next: the inbox's order and filters, carried from page to page in the address."""

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

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
    connection: Connection, principal: Principal, request: Request, after: UUID
) -> tuple[ItemView | None, int]:
    """The most urgent one but `after`, and how many wait with it."""
    filters = chosen(request).filters(principal.user_id, datetime.now(UTC))
    found = await review_views.browse(connection, pages.Wanted(limit=2), filters, Sort.URGENT)
    others = [item for item in found.items if item.id != after]
    count = await review_views.count(connection, filters)
    return (others[0], count) if others else (None, 0)


def address(path: str, request: Request, **more: object) -> str:
    """With the filters. `last` names the review that was decided just before."""
    given = {**chosen(request).given, **more}
    return f"{path}?{urlencode(given)}" if given else path
