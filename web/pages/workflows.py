"""Workflows: the list, and one of them as it happens."""

from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Form, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from api import workflow_stream
from api.deps import Db, ListenerOf, Session, SettingsOf, Viewer, WorkflowEditor
from api.pages import Paging
from api.sse import EventStream
from api.streams import position_of
from core.principal import Principal, Role
from models import WorkflowStatus
from services import events, workflow_events, workflow_views, workflows
from services.briefs import Options
from services.pages import Wanted
from services.workflow_events import Entry
from web import machine
from web.rendering import page, redirect
from web.route import authenticate
from web.route import router as new_router

router = new_router("/workflows")

LIMIT: Final = 30
LONGEST_NAME: Final = 100
QUALITY_BAR: Final = Options().quality_bar
STUDIO: Final = "http://127.0.0.1:2024"
"""Where `proofroom studio` serves."""
_ENDED: Final = frozenset({"published", "rejected", "cancelled"})


@router.get("")
async def list_workflows(
    request: Request,
    principal: Viewer,
    db: Db,
    paging: Paging,
    status: Annotated[WorkflowStatus | None, Query()] = None,
) -> Response:
    wanted = Wanted(LIMIT, paging.after)
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found = await workflow_views.browse(connection, wanted, workflow_views.Filters(status=status))
    return page(
        request,
        "workflows/list.html",
        found=found,
        named=named,
        chosen=status,
        statuses=list(WorkflowStatus),
        may_write=principal.may_act_as(Role.EDITOR),
    )


@router.get("/{workflow_id}")
async def show_workflow(request: Request, workflow_id: UUID, principal: Viewer, db: Db) -> Response:
    return await _page(request, "workflows/page.html", workflow_id, principal, db)


@router.get("/{workflow_id}/now")
async def show_workflow_now(request: Request, workflow_id: UUID, principal: Viewer, db: Db) -> Response:
    """What of the page changes."""
    return await _page(request, "workflows/_now.html", workflow_id, principal, db)


@router.get("/{workflow_id}/events", response_class=EventStream)
async def stream_workflow_events(
    request: Request,
    workflow_id: UUID,
    principal: Viewer,
    db: Db,
    settings: SettingsOf,
    listener: ListenerOf,
    last_event_id: str | None = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """As `GET /v1/workflows/{id}/events`: EventSource sends cookies and no other header."""
    return await workflow_stream.follow(
        db,
        listener,
        principal,
        workflow_id,
        partial(authenticate, request),
        after=position_of(header, last_event_id),
        longest_pause=settings.poll_seconds,
    )


@router.post("/{workflow_id}/cancel")
async def cancel_workflow(
    request: Request, workflow_id: UUID, _: WorkflowEditor, session: Session
) -> Response:
    await workflows.cancel(session, workflow_id)
    return redirect(request, f"/workflows/{workflow_id}", "Cancelled. Nothing of it goes out any more.")


@router.post("/{workflow_id}/retry")
async def retry_thread(
    request: Request,
    workflow_id: UUID,
    thread_id: Annotated[UUID, Form()],
    _: WorkflowEditor,
    session: Session,
) -> Response:
    await workflows.retry(session, thread_id)
    return redirect(request, f"/workflows/{workflow_id}", "It goes on from where it stood.")


def named(source: dict[str, Any]) -> str:
    """What a workflow is called: its source's title, or the first line of it."""
    lines = (line.strip().lstrip("#").strip() for line in (source["opening"] or "").splitlines())
    name: str = source["title"] or next((line for line in lines if line), None) or source["url"] or "Untitled"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


async def _page(request: Request, template: str, workflow_id: UUID, principal: Principal, db: Db) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        now = await events.now(connection)  # first: what is written from here on comes by the stream
        found = await workflow_views.find(connection, workflow_id)
        record = await workflow_events.of_workflow(connection, workflow_id)
    threads = [_thread(each, record) for each in found.threads]
    return page(
        request,
        template,
        workflow=found,
        title=named(found.source),
        threads=threads,
        bar=(found.options or {}).get("quality_bar", QUALITY_BAR),
        record=record,
        platform_of={each["thread_id"]: each["platform"] for each in found.threads},
        position=now.position,
        live=" ".join(workflow_stream.TYPES),
        machine=machine,
        studio=STUDIO,
        may_write=principal.may_act_as(Role.EDITOR),
        may_decide=principal.may_act_as(Role.REVIEWER),
        cancellable=any(each["status"] not in _ENDED for each in found.threads),
    )


def _thread(view: dict[str, Any], record: list[Entry]) -> dict[str, Any]:
    """With where it is, its drafts and what it cost."""
    own = [entry for entry in record if str(entry.thread_id) == view["thread_id"]]
    scores = {entry.facts["draft_id"]: entry.facts for entry in own if entry.kind == "evaluation.created"}
    drafts = {entry.facts["draft_id"]: entry for entry in own if entry.kind == "draft.created"}
    costs = [
        entry.cost_usd for entry in own if entry.cost_usd is not None and entry.facts["status"] != "reserved"
    ]
    return {
        **view,
        "trace": machine.trace(view["status"], own),
        "drafts": [
            {"at": entry.at, **entry.facts, "scored": scores.get(draft_id)}
            for draft_id, entry in drafts.items()
        ],
        "cost_usd": sum(costs, Decimal(0)),
    }
