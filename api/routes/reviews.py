from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from api import problems
from api.deps import Db, Reviewer, Session, Viewer, Work
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.reviews import (
    DecidedOut,
    DecisionIn,
    DecisionResult,
    DecisionResults,
    DecisionsIn,
    ReviewItem,
    ReviewOut,
    ReviewPatch,
)
from api.schemas.workflows import ThreadBrief
from api.transaction import UnitOfWork
from core.errors import ProofroomError
from core.principal import Principal
from core.sql import connection_of
from graphs.interrupts import Decision
from models import ReviewStatus
from platforms.registry import PlatformName
from services import review_views, reviews

router = new_router("/v1/reviews", "reviews")

Assignee = Annotated[
    UUID | Literal["me", "nobody"] | None, Query(description="A member's id, `me` or `nobody`.")
]


@router.get("")
async def list_reviews(
    principal: Viewer,
    db: Db,
    paging: Paging,
    status: ReviewStatus | None = None,
    platform: PlatformName | None = None,
    workflow_id: UUID | None = None,
    assignee: Assignee = None,
) -> Page[ReviewItem]:
    """`?status=pending` is the inbox."""
    filters = review_views.Filters(
        status=status,
        platform=platform,
        workflow_id=workflow_id,
        assignee_id=principal.user_id
        if assignee == "me"
        else assignee
        if isinstance(assignee, UUID)
        else None,
        unassigned=assignee == "nobody",
    )
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await review_views.browse(connection, paging, filters)
    return Page[ReviewItem].of(found, ReviewItem.of)


@router.post("/decisions")
async def decide_many(body: DecisionsIn, principal: Reviewer, work: Work) -> DecisionResults:
    """Each is carried out, or refused, by itself; one after the other in the order given."""
    results = [
        await _decide_one(work, number, principal, each.review_id, each.as_decision(), each.seen_hash)
        for number, each in enumerate(body.decisions)
    ]
    await work.begin()  # the answer is kept for the idempotency key
    return DecisionResults(items=results)


@router.get("/{review_id}")
async def get_review(review_id: UUID, principal: Viewer, db: Db) -> ReviewOut:
    """All that a decision needs."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        view = await review_views.find(connection, review_id)
    return ReviewOut.of_view(view, await review_views.preview(view))


@router.patch("/{review_id}")
async def change_review(review_id: UUID, body: ReviewPatch, _: Reviewer, session: Session) -> ReviewItem:
    """Says who is to decide, and by when."""
    await reviews.assign(session, review_id, body.changes())
    return ReviewItem.of(await review_views.find_item(await connection_of(session), review_id))


@router.post("/{review_id}/decision", status_code=202)
async def decide_review(
    review_id: UUID, body: DecisionIn, principal: Reviewer, session: Session
) -> DecidedOut:
    """Takes effect only on what you saw: `seen_hash` names it. A worker carries it out."""
    return await _decide(session, principal, review_id, body.as_decision(), body.seen_hash)


async def _decide(
    session: AsyncSession, principal: Principal, review_id: UUID, decision: Decision, seen_hash: str
) -> DecidedOut:
    decided = await reviews.decide(session, principal, review_id, decision, seen_hash)
    item = decided.item
    thread = {"id": item.thread_id, "platform": item.platform, "status": decided.thread_status}
    return DecidedOut(review=ReviewItem.of(item), thread=ThreadBrief.model_validate(thread))


async def _decide_one(
    work: UnitOfWork, number: int, principal: Principal, review_id: UUID, decision: Decision, seen_hash: str
) -> DecisionResult:
    """In a transaction of its own: locks on many threads at once could meet a worker's the other way round."""
    try:
        async with work.part(number) as part:
            if part.said is not None:
                return DecisionResult.model_validate_json(part.said)
            decided = await _decide(part.session, principal, review_id, decision, seen_hash)
            result = DecisionResult(
                review_id=review_id,
                status=HTTPStatus.ACCEPTED,
                review=decided.review,
                thread=decided.thread,
            )
            await part.keep(result.model_dump_json().encode())
            return result
    except ProofroomError as error:
        return DecisionResult(review_id=review_id, status=error.status, problem=problems.describe(error))
