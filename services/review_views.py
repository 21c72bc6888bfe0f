"""Reviews as people read them: the inbox, and all that a decision needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, load_only

from core.errors import NotFound
from core.policy import Violation
from graphs.payloads import Allowed
from models import ConnectedAccount, Draft, Evaluation, PlatformState, Review, ReviewStatus
from platforms.registry import PLATFORMS, PlatformName
from services import draft_views, pages
from services.draft_views import content_of

OPENING: Final = 200
"""Characters of the draft that the inbox shows."""
_QUICK: Final = 5000
"""Characters; longer articles take so long to render that it is not done on the event loop."""


@dataclass(frozen=True, slots=True)
class ItemView:
    review: Review
    workflow_id: UUID
    platform: str
    score: int | None
    opening: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    item: ItemView
    draft: Draft
    evaluation: Evaluation | None
    earlier_drafts: Sequence[Draft]
    """Oldest first, with their evaluations."""
    accounts: Sequence[ConnectedAccount]
    """Those that it could go out with."""
    account: ConnectedAccount | None
    """The one that it goes out with, unless the decision names another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    status: ReviewStatus | None = None
    platform: PlatformName | None = None
    workflow_id: UUID | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False


async def browse(session: AsyncSession, wanted: pages.Wanted, filters: Filters) -> pages.Slice[ItemView]:
    given = {name: value for name in filters.__slots__ if (value := getattr(filters, name))}
    statement = _page(frozenset(given), goes_on=wanted.after is not None)
    rows = (await session.execute(statement, {**given, **pages.parameters(wanted)})).all()
    found = pages.cut(rows, wanted, lambda row: pages.Position(row[0].created_at, row[0].id))
    return pages.Slice([ItemView(*row) for row in found.items], found.next)


async def find_item(session: AsyncSession, review_id: UUID) -> ItemView:
    """Raises NotFound."""
    row = (await session.execute(_ITEM, {"id": review_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such review.")
    return ItemView(*row)


_ACCOUNTS: Final = (
    select(ConnectedAccount)
    .options(
        load_only(
            ConnectedAccount.username,
            ConnectedAccount.display_name,
            ConnectedAccount.status,
            ConnectedAccount.simulated,
            raiseload=True,
        )
    )
    .where(ConnectedAccount.platform == bindparam("platform"))
    .order_by(ConnectedAccount.simulated, ConnectedAccount.created_at, ConnectedAccount.id)
)


async def find(session: AsyncSession, review_id: UUID) -> ReviewView:
    """Raises NotFound."""
    item = await find_item(session, review_id)
    review = item.review
    drafts = await draft_views.scored(session, review.thread_id)
    draft = next(each for each in drafts if each.id == review.draft_id)
    accounts = list(await session.scalars(_ACCOUNTS, {"platform": item.platform}))
    return ReviewView(
        item,
        draft,
        draft.evaluations[-1] if draft.evaluations else None,
        [each for each in drafts if each.sequence < draft.sequence],
        [account for account in accounts if account.status == "active"],
        next((account for account in accounts if account.id == review.connected_account_id), None),
    )


async def preview(platform: str, draft: Draft) -> dict[str, JsonValue]:
    """The draft as its platform shows it."""
    content, shown = content_of(draft), PLATFORMS[PlatformName(platform)].preview
    return shown(content) if len(content.content) <= _QUICK else await asyncio.to_thread(shown, content)


def violations(platform: str, draft: Draft) -> tuple[Violation, ...]:
    return PLATFORMS[PlatformName(platform)].policy.violations(content_of(draft))


def allowed(view: ReviewView) -> list[Allowed]:
    """What may be decided now: only a text that its platform would take can be accepted."""
    if view.item.review.status != "pending":
        return []
    others: list[Allowed] = ["edit", "regenerate", "reject"]
    return others if violations(view.item.platform, view.draft) else ["accept", *others]


def items(review: type[Review]) -> Select[*tuple[Any, ...]]:
    """What `ItemView` is made of."""
    evaluations = (
        select(Evaluation.score)
        .where(Evaluation.draft_id == review.draft_id)
        .order_by(Evaluation.created_at.desc(), Evaluation.id.desc())
        .limit(1)
        .lateral()
    )
    return (
        select(
            review, Draft.workflow_id, Draft.platform, evaluations.c.score, func.left(Draft.content, OPENING)
        )
        .join(Draft, Draft.id == review.draft_id)
        .outerjoin(evaluations, literal(True))
    )


_ITEM: Final = items(Review).where(Review.id == bindparam("id"))
_CONDITIONS: Final[dict[str, ColumnElement[bool]]] = {
    "status": Review.status == bindparam("status"),
    "platform": Review.platform == bindparam("platform"),
    "workflow_id": Review.thread_id.in_(
        select(PlatformState.id).where(PlatformState.workflow_id == bindparam("workflow_id"))
    ),
    "assignee_id": Review.assignee_id == bindparam("assignee_id"),
    "unassigned": Review.assignee_id.is_(None),
}
"""By the filters' names."""


@cache
def _page(given: frozenset[str], *, goes_on: bool) -> Select[*tuple[Any, ...]]:
    """Put together once for each choice of filters: that takes longer than to run it.

    It is cut before anything is joined to it: in a big workspace the planner takes a join for so much smaller than it
    is that it would make all of it first.
    """
    reviews = select(Review).where(*(_CONDITIONS[name] for name in sorted(given)))
    columns = Review.created_at, Review.id
    page = aliased(Review, pages.keyset(reviews, columns, goes_on=goes_on).subquery())
    return items(page).order_by(page.created_at.desc(), page.id.desc())
