"""The workspace's events for the pages: EventSource sends cookies and no other header, so this one takes the cookie."""

from functools import partial
from typing import Annotated

from fastapi import Header, Request

from api import workspace_stream
from api.deps import FeedsOf, Viewer
from api.sse import EventStream
from api.streams import position_of
from web.route import authenticate
from web.route import router as new_router

router = new_router()


@router.get("/events", response_class=EventStream)
async def stream_events(
    request: Request,
    principal: Viewer,
    feeds: FeedsOf,
    types: str | None = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """As `GET /v1/events`."""
    return workspace_stream.follow(
        feeds,
        principal.workspace_id,
        partial(authenticate, request),
        after=position_of(header, None),
        types=workspace_stream.chosen(types),
    )
