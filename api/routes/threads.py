from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.deps import Db, Session, Viewer, WorkflowEditor
from api.pages import Page
from api.route import router as new_router
from api.schemas.workflows import ChangeOut, Diff, DraftDetail, ThreadBrief
from services import workflows
from services.reviewing import draft_views

router = new_router("/v1/threads", "workflows")


@router.get("/{thread_id}/drafts")
async def list_drafts(thread_id: UUID, principal: Viewer, db: Db) -> Page[DraftDetail]:
    """Every draft that was ever written for it, oldest first, with its scores and what changed."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        drafts = await draft_views.of_thread(session, thread_id)
    return Page.whole([DraftDetail.of_view(view) for view in await draft_views.compared(drafts)])


@router.get("/{thread_id}/drafts/diff")
async def compare_drafts(
    thread_id: UUID,
    principal: Viewer,
    db: Db,
    old: Annotated[UUID | None, Query(alias="from", description="By default the first draft.")] = None,
    new: Annotated[UUID | None, Query(alias="to", description="By default the last draft.")] = None,
) -> Diff:
    """What changed between any two drafts, word by word."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        texts = await draft_views.pair(connection, thread_id, old, new)
    return Diff(changes=[ChangeOut.model_validate(each) for each in await draft_views.compare(*texts)])


@router.post("/{thread_id}/retry", status_code=202)
async def retry_thread(thread_id: UUID, _: WorkflowEditor, session: Session) -> ThreadBrief:
    """Runs a failed thread again from where it stood; where its publishing job failed, that is sent again."""
    return ThreadBrief.model_validate(await workflows.retry(session, thread_id))
