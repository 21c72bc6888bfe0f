from uuid import UUID

from api.deps import Db, Session, Viewer, WorkflowEditor
from api.route import router as new_router
from api.schemas.workflows import DraftDetail, Drafts, ThreadBrief
from services import draft_views, workflows

router = new_router("/v1/threads", "workflows")


@router.get("/{thread_id}/drafts")
async def list_drafts(thread_id: UUID, principal: Viewer, db: Db) -> Drafts:
    """Every draft that was ever written for it, oldest first, with its scores and what changed."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        drafts = await draft_views.of_thread(session, thread_id)
    return Drafts(items=[DraftDetail.of_view(view) for view in await draft_views.compared(drafts)])


@router.post("/{thread_id}/retry", status_code=202)
async def retry_thread(thread_id: UUID, _: WorkflowEditor, session: Session) -> ThreadBrief:
    """Runs a failed thread again from where it stood; where its publishing job failed, that is sent again."""
    return ThreadBrief.model_validate(await workflows.retry(session, thread_id))
