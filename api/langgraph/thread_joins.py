"""One stream of all runs of a thread, those to come as well: the SDK's `threads.join_stream`."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal
from uuid import UUID

import orjson
from fastapi import Header, Query

from api.deps import Viewer
from api.langgraph import thread_following
from api.langgraph.runs import Follows
from api.route import router as new_router
from api.sse import EventStream, encoded
from core.errors import FieldError, Invalid
from services.protocol import thread_views
from services.protocol.thread_joins import Event, Joining, Place

router = new_router("/threads/{thread_id}", "langgraph", documented=False)

Mode = Literal["run_modes", "lifecycle", "state_update"]
_FROM_THE_BEGINNING: Final = "-1"


@router.get("/stream")
async def join_thread(
    thread_id: UUID,
    principal: Viewer,
    following: Follows,
    stream_mode: Annotated[list[Mode] | None, Query()] = None,
    stream_modes: Annotated[list[Mode] | None, Query()] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> EventStream:
    """What happens from now on, or after Last-Event-ID; `-1` is before the thread's first run. `stream_modes` is the name in
    LangGraph's server, `stream_mode` in its SDK."""
    modes = [*(stream_mode or ()), *(stream_modes or ())] or ["run_modes"]
    if "state_update" in modes:
        detail = "A change of a thread's state is not told: its run's pieces show what became of it."
        raise Invalid(
            detail,
            remedy="Ask for run_modes or lifecycle.",
            errors=[FieldError("query.stream_mode", detail)],
        )
    reader = Joining(thread_id, _place(last_event_id), whole=last_event_id == _FROM_THE_BEGINNING)
    async with following.db.reading(principal.workspace_id, principal.user_id) as connection:
        await thread_views.find(connection, thread_id)

    def told(events: Sequence[Event]) -> bytes:
        wanted = events if "run_modes" in modes else [each for each in events if each.mode == "lifecycle"]
        return b"".join(map(_encoded, wanted))

    return thread_following.follow(following, principal, reader, told)


def _place(last_event_id: str | None) -> Place | None:
    if not last_event_id or last_event_id == _FROM_THE_BEGINNING:
        return None
    try:
        return Place.parse(last_event_id)
    except ValueError:
        detail = "This is not the id of an event of a thread."
        raise Invalid(
            detail,
            remedy="Send the `id` of the last event that you got, -1, or leave it out.",
            errors=[FieldError("header.Last-Event-ID", detail)],
        ) from None


def _encoded(event: Event) -> bytes:
    return encoded(event.name, orjson.dumps(event.data), event.place)
