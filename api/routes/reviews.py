from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from api import decisions, waiting
from api.decisions import Taken
from api.deps import Db, Reviewer, ReviewWriter, Session, Viewer, Work
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.common import TimeIn
from api.schemas.reviews import (
    CommentIn,
    CommentOut,
    DecidedOut,
    DecisionIn,
    DecisionResults,
    DecisionsIn,
    ReviewItem,
    ReviewOut,
    ReviewPatch,
)
from core.principal import Role, Scope
from core.sql import connection_of
from models import ReviewStatus
from platforms.registry import PlatformName
from services.reviewing import comments, review_views, reviews
from services.reviewing.review_filters import Filters, Sort

router = new_router("/v1/reviews", "reviews")

Assignee = Annotated[
    UUID | Literal["me", "nobody"] | None, Query(description="A member's id, `me` or `nobody`.")
]
Score = Annotated[int | None, Query(ge=0, le=100)]
Words = Annotated[
    str | None,
    Query(min_length=1, max_length=200, description="Words of the text or the title, next to each other."),
]


@router.get("")
async def list_reviews(
    principal: Viewer,
    db: Db,
    paging: Paging,
    status: ReviewStatus | None = None,
    platform: PlatformName | None = None,
    workflow_id: UUID | None = None,
    project_id: UUID | None = None,
    assignee: Assignee = None,
    min_score: Score = None,
    max_score: Score = None,
    created_before: TimeIn | None = None,
    created_after: TimeIn | None = None,
    q: Words = None,
    sort: Annotated[
        Sort, Query(description="`urgent`: what is due first, then the oldest; of what is pending.")
    ] = Sort.NEWEST,
    include: Annotated[
        Literal["names"] | None, Query(description="`names`: of project, account, assignee and who decided.")
    ] = None,
) -> Page[ReviewItem]:
    """`?status=pending` is the inbox. `q`, scores and `sort=urgent` are of what is pending only."""
    person = principal.user_id if assignee == "me" else assignee
    filters = Filters(
        status=status,
        platform=platform,
        workflow_id=workflow_id,
        project_id=project_id,
        assignee_id=person if isinstance(person, UUID) else None,
        unassigned=assignee == "nobody",
        min_score=min_score,
        max_score=max_score,
        created_before=created_before,
        created_after=created_after,
        q=q,
    )
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await review_views.browse(connection, paging, filters, sort, named=include == "names")
    return Page[ReviewItem].of(found, ReviewItem.of)


@router.post("/decisions")
async def decide_many(body: DecisionsIn, principal: Reviewer, work: Work) -> DecisionResults:
    """Each is carried out, or refused, by itself; one after the other in the order given."""
    taken = [Taken(each.review_id, each.as_decision(), each.seen_hash) for each in body.decisions]
    return DecisionResults(items=await decisions.decide_each(work, principal, taken))


@router.get("/{review_id}", response_model=ReviewOut, responses=waiting.RESPONSES)
async def get_review(
    review_id: UUID,
    principal: Viewer,
    db: Db,
    poll: waiting.Polling,
) -> Response:
    """All that a decision needs. With `wait`, as soon as it is decided or overtaken."""

    async def look() -> ReviewOut:
        async with db.reading(principal.workspace_id, principal.user_id) as connection:
            view = await review_views.find(connection, review_id)
        return ReviewOut.of_view(view, await review_views.preview(view))

    return await poll.answer(
        look,
        (await look()).workflow_id if poll.wait else review_id,
        lambda found: found.status != ReviewStatus.PENDING,
    )


@router.patch("/{review_id}")
async def change_review(review_id: UUID, body: ReviewPatch, _: ReviewWriter, session: Session) -> ReviewItem:
    """Says who is to decide, and by when."""
    await reviews.assign(session, review_id, body.changes())
    return ReviewItem.of(await review_views.find_item(connection_of(session), review_id))


@router.get("/{review_id}/comments")
async def list_comments(review_id: UUID, principal: Viewer, db: Db, paging: Paging) -> Page[CommentOut]:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await comments.browse(connection, review_id, paging)
    return Page[CommentOut].of(found, CommentOut.model_validate)


@router.post("/{review_id}/comments", status_code=201)
async def add_comment(
    review_id: UUID, body: CommentIn, principal: ReviewWriter, session: Session
) -> CommentOut:
    """Said to each other; a model never reads it."""
    added = await comments.add(connection_of(session), principal, review_id, body.body)
    return CommentOut.model_validate(added)


@router.post("/{review_id}/decision", status_code=202)
async def decide_review(
    review_id: UUID, body: DecisionIn, principal: ReviewWriter, session: Session
) -> DecidedOut:
    """Takes effect only on what you saw: `seen_hash` names it. A worker carries it out.

    A key needs the scope `reviews:decide`; for an edit with `approve: false`, which decides nothing, `workflows:write` will do.
    """
    if body.decides:
        principal.require(Role.REVIEWER, Scope.REVIEWS_DECIDE)
    return await decisions.decide(session, principal, Taken(review_id, body.as_decision(), body.seen_hash))
