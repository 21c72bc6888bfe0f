"""Reviews as people read them: the inbox, and all that a decision needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.errors import NotFound
from core.policy import Violation
from graphs.payloads import Allowed
from models import ConnectedAccount, Draft, Evaluation, PlatformState, Review, ReviewStatus
from platforms.registry import PLATFORMS, PlatformName
from services import draft_views, pages
from services.draft_views import content_of

OPENING: Final = 200
"""Characters of the draft that the inbox shows."""


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
    columns = Review.created_at, Review.id
    page = aliased(
        Review, pages.keyset(select(Review).where(*_conditions(filters)), columns, wanted).subquery()
    )
    statement = items(page).order_by(page.created_at.desc(), page.id.desc())
    rows = (await session.execute(statement)).all()
    found = pages.cut(rows, wanted, lambda row: pages.Position(row[0].created_at, row[0].id))
    return pages.Slice([ItemView(*row) for row in found.items], found.next)


async def find_item(session: AsyncSession, review_id: UUID) -> ItemView:
    """Raises NotFound."""
    row = (await session.execute(items(Review).where(Review.id == review_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such review.")
    return ItemView(*row)


async def find(session: AsyncSession, review_id: UUID) -> ReviewView:
    """Raises NotFound."""
    item = await find_item(session, review_id)
    review = item.review
    drafts = await draft_views.of_thread(session, review.thread_id)
    draft = next(each for each in drafts if each.id == review.draft_id)
    found = await session.execute(
        select(ConnectedAccount)
        .where(ConnectedAccount.platform == item.platform)
        .order_by(ConnectedAccount.simulated, ConnectedAccount.created_at, ConnectedAccount.id)
    )
    accounts = list(found.scalars())
    return ReviewView(
        item,
        draft,
        draft.evaluations[-1] if draft.evaluations else None,
        [each for each in drafts if each.sequence < draft.sequence],
        [account for account in accounts if account.status == "active"],
        next((account for account in accounts if account.id == review.connected_account_id), None),
    )


async def preview(platform: str, draft: Draft) -> dict[str, JsonValue]:
    """The draft as its platform shows it; long articles take time to render."""
    return await asyncio.to_thread(PLATFORMS[PlatformName(platform)].preview, content_of(draft))


def violations(platform: str, draft: Draft) -> tuple[Violation, ...]:
    return PLATFORMS[PlatformName(platform)].policy.violations(content_of(draft))


def allowed(view: ReviewView) -> list[Allowed]:
    """What may be decided now: only a text that its platform would take can be accepted."""
    if view.item.review.status != "pending":
        return []
    others: list[Allowed] = ["edit", "regenerate", "reject"]
    return others if violations(view.item.platform, view.draft) else ["accept", *others]


def items(review: type[Review]) -> Select[*tuple[Any, ...]]:
    """A page is cut before anything is joined to it: in a big workspace the planner takes a join for so much smaller
    than it is that it would make all of it first."""
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


_platform: Final = select(Draft.platform).where(Draft.id == Review.draft_id).scalar_subquery()


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.status is not None:
        conditions.append(Review.status == filters.status)
    if filters.platform is not None:
        conditions.append(_platform == filters.platform)
    if filters.workflow_id is not None:
        threads = select(PlatformState.id).where(PlatformState.workflow_id == filters.workflow_id)
        conditions.append(Review.thread_id.in_(threads))
    if filters.assignee_id is not None:
        conditions.append(Review.assignee_id == filters.assignee_id)
    if filters.unassigned:
        conditions.append(Review.assignee_id.is_(None))
    return conditions
