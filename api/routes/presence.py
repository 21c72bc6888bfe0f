from uuid import UUID

from api.deps import Db, Session, Viewer
from api.pages import Page
from api.route import router as new_router
from api.schemas.presence import PresenceItem
from services.reviewing import presence

router = new_router("/v1/reviews", "reviews")


@router.put("/{review_id}/presence", status_code=204)
async def look_at_review(review_id: UUID, principal: Viewer, session: Session) -> None:
    """You are looking at it, for the next 45 seconds. Say so every 20; others see it as `review.presence` events."""
    await presence.look(session, principal, review_id)


@router.delete("/{review_id}/presence", status_code=204)
async def leave_review(review_id: UUID, principal: Viewer, session: Session) -> None:
    """You are not any longer, or never were."""
    await presence.leave(session, principal, review_id)


@router.get("/{review_id}/presence")
async def list_viewers(review_id: UUID, principal: Viewer, db: Db) -> Page[PresenceItem]:
    """Who is looking at it, first-comers first."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        viewers = await presence.of_review(connection, review_id)
    return Page.whole([PresenceItem.model_validate(each) for each in viewers])
