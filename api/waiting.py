"""Long polls: for callers that cannot follow a stream."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Header, Query, Response
from pydantic import BaseModel

from api.listener import Listener

LONGEST_WAIT: Final = 60

FoundT = TypeVar("FoundT", bound=BaseModel)

Wait = Annotated[
    float,
    Query(
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait while it is as `If-None-Match` names it, or without that for the next change; "
        "not once it has ended.",
    ),
]
Known = Annotated[
    str | None, Header(alias="If-None-Match", description="The `ETag` of the state that you have.")
]
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Names this state of it."}}},
    304: {"description": "It is still as `If-None-Match` names it."},
}


async def answer(
    look: Callable[[], Awaitable[FoundT]],
    *,
    response: Response,
    listener: Listener,
    workflow_id: UUID,
    poll_seconds: float,
    wait: float,
    known: str | None,
    ended: Callable[[FoundT], bool],
) -> FoundT | Response:
    """What `look` finds once it is another than `known`, or when time is up. `workflow_id`: whose events announce that.

    No connection and no transaction is held while it waits.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + wait
    with listener.subscribe(workflow_id) as news:
        found = await look()
        tag = _etag(found)
        awaited = tag if known is None else known
        while tag == awaited and not ended(found) and not listener.ending and (left := until - clock()) > 0:
            await news.wait(min(left, poll_seconds))
            found = await look()
            tag = _etag(found)
    if tag == known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return found


def _etag(found: BaseModel) -> str:
    """RFC 9110, 8.8.3: quoted."""
    return f'"{hashlib.blake2b(found.model_dump_json().encode(), digest_size=12).hexdigest()}"'
