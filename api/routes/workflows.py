from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Response

from api import waiting
from api.deps import Db, Session, SettingsOf, Viewer, Work, WorkflowEditor
from api.metadata import Pairs
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.workflows import EstimateOut, StartedOut, ThreadBrief, WorkflowIn, WorkflowOut
from api.sources import read_source
from core.sql import connection_of
from models import WorkflowStatus
from services import estimates, workflow_views, workflows

router = new_router("/v1/workflows", "workflows")

_ENDED: Final = frozenset(
    {WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.CANCELLED, WorkflowStatus.ARCHIVED}
)


@router.post(
    "",
    status_code=202,
    responses={
        202: {"headers": {"Location": {"schema": {"type": "string"}, "description": "The workflow."}}}
    },
)
async def start_workflow(
    body: WorkflowIn, principal: WorkflowEditor, work: Work, settings: SettingsOf, response: Response
) -> StartedOut:
    """Drafts for each platform are written, scored and then wait for a person. A `url` source is fetched first."""
    source = await read_source(body.source, settings)
    started = await workflows.start(await work.begin(), principal, body.brief(source))
    response.headers["Location"] = f"{router.prefix}/{started.id}"
    return StartedOut(
        id=started.id,
        status=started.status,
        threads=[
            ThreadBrief(id=thread_id, platform=platform, status=started.thread_status)
            for platform, thread_id in started.threads.items()
        ],
    )


@router.post("/preview")
async def preview_workflow(
    body: WorkflowIn, principal: WorkflowEditor, db: Db, settings: SettingsOf
) -> EstimateOut:
    """What the source is understood as and what the drafts can cost at most. Nothing is started, nothing kept."""
    brief = body.brief(await read_source(body.source, settings))
    return EstimateOut.model_validate(await estimates.preview(db, settings, principal, brief))


@router.get("")
async def list_workflows(
    principal: Viewer,
    db: Db,
    paging: Paging,
    metadata: Pairs,
    status: WorkflowStatus | None = None,
    project_id: UUID | None = None,
    campaign_id: UUID | None = None,
    external_id: Annotated[str | None, Query(max_length=255)] = None,
) -> Page[WorkflowOut]:
    filters = workflow_views.Filters(
        status=status,
        project_id=project_id,
        campaign_id=campaign_id,
        external_id=external_id,
        metadata=metadata,
    )
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await workflow_views.browse(connection, paging, filters)
    return Page[WorkflowOut].of(found, WorkflowOut.of)


@router.get("/{workflow_id}", response_model=WorkflowOut, responses=waiting.RESPONSES)
async def get_workflow(
    workflow_id: UUID,
    principal: Viewer,
    db: Db,
    poll: waiting.Polling,
) -> Response:
    """With `wait`, as soon as it has changed."""

    async def look() -> WorkflowOut:
        async with db.reading(principal.workspace_id, principal.user_id) as connection:
            return WorkflowOut.of(await workflow_views.find(connection, workflow_id))

    return await poll.answer(look, workflow_id, lambda found: found.status in _ENDED)


@router.post("/{workflow_id}/cancel")
async def cancel_workflow(workflow_id: UUID, _: WorkflowEditor, session: Session) -> WorkflowOut:
    """Nothing of it goes out any more; what is out already stays."""
    await workflows.cancel(session, workflow_id)
    return WorkflowOut.of(await workflow_views.find(connection_of(session), workflow_id))
