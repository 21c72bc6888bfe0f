from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import JobEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.publishing import PostOut
from models import TakedownStatus
from platforms.registry import PlatformName
from services import job_views, posts

router = new_router("/v1/posts", "publishing")

Words = Annotated[
    str | None,
    Query(min_length=1, max_length=500, description='As in a search engine: "a phrase", or, -without.'),
]


@router.get("")
async def list_posts(
    _: Viewer,
    session: Session,
    paging: Paging,
    q: Words = None,
    platform: PlatformName | None = None,
    takedown_status: TakedownStatus | None = None,
) -> Page[PostOut]:
    """What is out, or was."""
    found = await job_views.browse_posts(
        session, paging, words=q, platform=platform, takedown_status=takedown_status
    )
    return Page[PostOut].of(found, PostOut.model_validate)


@router.post("/{post_id}/unpublish", status_code=202)
async def unpublish_post(post_id: UUID, _: JobEditor, session: Session) -> PostOut:
    """Takes it down from the platform; our record of it stays."""
    return PostOut.model_validate(await posts.request_takedown(session, post_id))
