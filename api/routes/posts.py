from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import Db, JobEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.publishing import PostOut
from core.sql import connection_of
from models import TakedownStatus
from platforms.registry import PlatformName
from services.delivery import posts, publications

router = new_router("/v1/posts", "publishing")

Words = Annotated[
    str | None,
    Query(min_length=1, max_length=500, description='As in a search engine: "a phrase", or, -without.'),
]


@router.get("")
async def list_posts(
    principal: Viewer,
    db: Db,
    paging: Paging,
    q: Words = None,
    platform: PlatformName | None = None,
    takedown_status: TakedownStatus | None = None,
) -> Page[PostOut]:
    """What is out, or was."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await publications.browse(
            connection, paging, words=q, platform=platform, takedown_status=takedown_status
        )
    return Page[PostOut].of(found, PostOut.model_validate)


@router.get("/{post_id}")
async def get_post(post_id: UUID, principal: Viewer, db: Db) -> PostOut:
    """With where it came from; its receipt stands with its publishing job."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return PostOut.model_validate(await publications.find(connection, post_id))


@router.post("/{post_id}/unpublish", status_code=202)
async def unpublish_post(post_id: UUID, _: JobEditor, session: Session) -> PostOut:
    """Takes it down from the platform; our record of it stays."""
    await posts.request_takedown(session, post_id)
    return PostOut.model_validate(await publications.find(connection_of(session), post_id))
