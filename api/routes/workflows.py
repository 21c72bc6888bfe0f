import asyncio
import hashlib
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header, Query, Response

from api.deps import Db, ListenerOf, Session, SettingsOf, Viewer, Work, WorkflowEditor
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.workflows import EstimateOut, StartedOut, ThreadBrief, WorkflowIn, WorkflowOut
from api.sources import read_source
from core.sql import connection_of
from models import WorkflowStatus
from services import estimates, workflow_views, workflows

router = new_router("/v1/workflows", "workflows")

LONGEST_WAIT: Final = 60
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
    status: WorkflowStatus | None = None,
    project_id: UUID | None = None,
    campaign_id: UUID | None = None,
    external_id: Annotated[str | None, Query(max_length=255)] = None,
) -> Page[WorkflowOut]:
    filters = workflow_views.Filters(
        status=status, project_id=project_id, campaign_id=campaign_id, external_id=external_id
    )
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await workflow_views.browse(connection, paging, filters)
    return Page[WorkflowOut].of(found, WorkflowOut.of)


@router.get(
    "/{workflow_id}",
    response_model=WorkflowOut,
    responses={
        200: {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Names this state of it."}}},
        304: {"description": "It is still as `If-None-Match` names it."},
    },
)
async def get_workflow(
    workflow_id: UUID,
    principal: Viewer,
    db: Db,
    settings: SettingsOf,
    listener: ListenerOf,
    response: Response,
    wait: Annotated[
        float,
        Query(
            ge=0,
            le=LONGEST_WAIT,
            description="Seconds to wait while it is as `If-None-Match` names it, or without that for the next change; "
            "not once it has ended.",
        ),
    ] = 0,
    known: Annotated[
        str | None, Header(alias="If-None-Match", description="The `ETag` of the state that you have.")
    ] = None,
) -> WorkflowOut | Response:
    """No connection and no transaction is held while it waits."""

    async def look() -> tuple[WorkflowOut, str]:
        async with db.reading(principal.workspace_id, principal.user_id) as connection:
            found = WorkflowOut.of(await workflow_views.find(connection, workflow_id))
        return found, _etag(found)

    clock = asyncio.get_running_loop().time
    until = clock() + wait
    with listener.subscribe(workflow_id) as news:
        found, tag = await look()
        awaited = tag if known is None else known
        while (
            tag == awaited
            and found.status not in _ENDED
            and not listener.ending
            and (left := until - clock()) > 0
        ):
            await news.wait(min(left, settings.poll_seconds))
            found, tag = await look()
    if tag == known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return found


def _etag(found: WorkflowOut) -> str:
    """RFC 9110, 8.8.3: quoted."""
    return f'"{hashlib.blake2b(found.model_dump_json().encode(), digest_size=12).hexdigest()}"'


@router.post("/{workflow_id}/cancel")
async def cancel_workflow(workflow_id: UUID, _: WorkflowEditor, session: Session) -> WorkflowOut:
    """Nothing of it goes out any more; what is out already stays."""
    await workflows.cancel(session, workflow_id)
    return WorkflowOut.of(await workflow_views.find(await connection_of(session), workflow_id))
