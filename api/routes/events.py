from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request

from api import workflow_stream
from api.auth import authenticate
from api.deps import Db, ListenerOf, SettingsOf, Viewer
from api.route import router as new_router
from api.sse import EventStream, documented
from api.streams import EventId, position_of

router = new_router("/v1/workflows", "workflows")

_EXAMPLE = """event: draft.delta
data: {"thread_id":"…","sequence":0,"text":"We stopped throwing away "}

id: 815-4711
event: draft.created
data: {"type":"draft.created","workflow_id":"…","thread_id":"…","platform":"x","draft_id":"…",
  "at":"2026-11-21T12:00:00+00:00"}

"""


@router.get(
    "/{workflow_id}/events",
    response_class=EventStream,
    status_code=HTTPStatus.OK,
    responses=documented(workflow_stream.TYPES, _EXAMPLE),
)
async def stream_workflow_events(
    workflow_id: UUID,
    request: Request,
    principal: Viewer,
    db: Db,
    settings: SettingsOf,
    listener: ListenerOf,
    last_event_id: Annotated[EventId, Query(description="For clients that cannot send the header.")] = None,
    header: Annotated[EventId, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """Everything that has happened since Last-Event-ID, or from the beginning, and then what happens.

    `draft.delta` is text as it is written; it has no id and is not repeated.
    """
    return await workflow_stream.follow(
        db,
        listener,
        principal,
        workflow_id,
        partial(authenticate, request, db),
        after=position_of(header, last_event_id),
        longest_pause=settings.poll_seconds,
    )
