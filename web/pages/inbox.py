"""What waits for a decision, most urgent first."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, BeforeValidator, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db, Viewer
from api.pages import Paging, write_cursor
from core.principal import Role
from models import ReviewStatus
from platforms.registry import PlatformName
from services.pages import DEFAULT_LIMIT, MAX_LIMIT, Slice, Wanted
from services.reviewing import inbox, presence, review_views
from services.reviewing.review_filters import Filters, Sort
from services.reviewing.review_views import COUNTED, ItemView
from web.rendering import page
from web.route import router as new_router

router = new_router("/inbox")


class Score(StrEnum):
    AT_BAR = "at-bar"
    BELOW_BAR = "below-bar"


class Age(StrEnum):
    UNDER_A_DAY = "under-a-day"
    OVER_A_DAY = "over-a-day"
    OVER_3_DAYS = "over-3-days"
    OVER_A_WEEK = "over-a-week"


_DAYS: Final = {Age.UNDER_A_DAY: 1, Age.OVER_A_DAY: 1, Age.OVER_3_DAYS: 3, Age.OVER_A_WEEK: 7}
_EMPTY_IS_NONE: Final = BeforeValidator(lambda given: given or None)
"""A form that is sent without scripts names each of its fields."""


class Chosen(BaseModel):
    """The filters, as an address has them."""

    q: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None, _EMPTY_IS_NONE
    ] = None
    platform: Annotated[PlatformName | None, _EMPTY_IS_NONE] = None
    project: Annotated[UUID | None, _EMPTY_IS_NONE] = None
    assignee: Annotated[UUID | Literal["me", "nobody"] | None, _EMPTY_IS_NONE] = None
    score: Annotated[Score | None, _EMPTY_IS_NONE] = None
    age: Annotated[Age | None, _EMPTY_IS_NONE] = None

    @property
    def given(self) -> dict[str, Any]:
        return {name: value for name, value in self if value}

    def filters(self, user_id: UUID, now: datetime) -> Filters:
        edge = now - timedelta(days=_DAYS[self.age]) if self.age else None
        young = self.age is Age.UNDER_A_DAY
        assignee = user_id if self.assignee == "me" else self.assignee
        return Filters(
            status=ReviewStatus.PENDING,
            platform=self.platform,
            project_id=self.project,
            assignee_id=assignee if isinstance(assignee, UUID) else None,
            unassigned=assignee == "nobody",
            at_bar=self.score is Score.AT_BAR,
            below_bar=self.score is Score.BELOW_BAR,
            created_after=edge if young else None,
            created_before=None if young else edge,
            q=self.q or None,
        )


async def _chosen(given: Annotated[Chosen, Query()]) -> Chosen:
    return given


@router.get("")
async def show(
    request: Request,
    principal: Viewer,
    db: Db,
    paging: Paging,
    chosen: Annotated[Chosen, Depends(_chosen)],
) -> Response:
    filters = chosen.filters(principal.user_id, datetime.now(UTC))
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await review_views.browse(connection, paging, filters, Sort.URGENT, named=True)
        around = await inbox.surroundings(connection)
        viewers = await presence.viewers(connection, [item.id for item in found.items])
        matching = await review_views.count(connection, filters) if chosen.given else around.waiting
    return page(
        request,
        "inbox/page.html",
        items=found.items,
        opening=review_views.OPENING,
        viewers=viewers,
        around=around,
        chosen=chosen,
        waiting_reviews=counted(around.waiting),
        matching=counted(matching),
        may_review=principal.may_act_as(Role.REVIEWER),
        here=_address(chosen, request.query_params),
        more=_more(found, paging, chosen, request.query_params),
    )


@router.get("/count")
async def count(request: Request, principal: Viewer, db: Db) -> Response:
    """For the navigation of other pages."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        waiting = await inbox.waiting(connection)
    return page(request, "inbox/_count.html", waiting_reviews=counted(waiting))


def counted(number: int) -> str:
    return f"{COUNTED}+" if number > COUNTED else str(number)


def _address(chosen: Chosen, query: Mapping[str, str], **changes: object) -> str:
    """Of this list, without what is empty, so that it can be shown to others."""
    kept = {name: query[name] for name in ("cursor", "limit") if name in query}
    given = {**chosen.given, **kept, **changes}
    return f"/inbox?{urlencode(given)}" if given else "/inbox"


def _more(found: Slice[ItemView], paging: Wanted, chosen: Chosen, query: Mapping[str, str]) -> str | None:
    """The same list, longer, so that all of it stays live; after the longest, the next one."""
    if found.next is None:
        return None
    if paging.limit < MAX_LIMIT:
        return _address(chosen, query, limit=min(paging.limit + DEFAULT_LIMIT, MAX_LIMIT))
    return _address(chosen, query, cursor=write_cursor(found.next))
