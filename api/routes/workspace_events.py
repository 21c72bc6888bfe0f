from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Query, Request
from pydantic import WithJsonSchema

from api import workspace_stream
from api.auth import authenticate
from api.deps import Db, FeedsOf, Viewer
from api.route import router as new_router
from api.sse import EventStream, documented
from api.streams import EventId, position_of

router = new_router("/v1/events", "events")

_TYPE = "|".join(each.replace(".", r"\.") for each in workspace_stream.TYPES)
Types = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": f"^({_TYPE})(,({_TYPE}))*$"}),
    Query(
        description="Only these, separated by commas.",
        openapi_examples={"inbox": {"value": "review.requested,review.decided,review.presence"}},
    ),
]
_EXAMPLE = """id: 812-0
event: stream.position
data: {"type":"stream.position"}

id: 815-4711
event: review.requested
data: {"type":"review.requested","workflow_id":"…","thread_id":"…","platform":"x","review_id":"…","draft_id":"…",
  "status":"pending","at":"2026-11-21T12:00:00+00:00"}

event: review.presence
data: {"type":"review.presence","review_id":"…","viewers":[{"user_id":"…","username":"ada"}]}

"""


@router.get(
    "",
    response_class=EventStream,
    status_code=HTTPStatus.OK,
    responses=documented(("stream.position", *workspace_stream.TYPES), _EXAMPLE),
)
async def stream_workspace_events(
    request: Request,
    principal: Viewer,
    db: Db,
    feeds: FeedsOf,
    types: Types = None,
    last_event_id: Annotated[EventId, Query(description="For clients that cannot send the header.")] = None,
    header: Annotated[EventId, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """What happens in all workflows of the workspace, and what has happened since Last-Event-ID.

    Without that it begins now, with a `stream.position`, from which can be gone on with even if nothing else came.
    `review.presence` says who looks at a review from now on; it has no id and is not repeated.
    """
    return workspace_stream.follow(
        feeds,
        principal.workspace_id,
        partial(authenticate, request, db),
        after=position_of(header, last_event_id),
        types=workspace_stream.chosen(types),
    )
