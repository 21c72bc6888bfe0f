"""Long polls: for callers that cannot follow a stream."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, WithJsonSchema

from api.etags import is_known
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
    str | None,
    WithJsonSchema({"type": "string", "pattern": '^"[!#-~]*"$'}),  # RFC 9110, 8.8.3
    Header(alias="If-None-Match", description="The `ETag` of the state that you have."),
]
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}, "description": "Names this state of it."}}},
    304: {"description": "It is still as `If-None-Match` names it."},
}


@dataclass(frozen=True, slots=True)
class Poll:
    """How a caller asked: whether, and for what, to wait."""

    listener: Listener
    poll_seconds: float
    wait: float
    known: str | None

    async def answer(
        self, look: Callable[[], Awaitable[FoundT]], workflow_id: UUID, ended: Callable[[FoundT], bool]
    ) -> Response:
        """What `look` finds once it is another than the caller knows, or when time is up. `workflow_id`: whose events
        announce that.

        No connection and no transaction is held while it waits.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self.wait
        with self.listener.subscribe(workflow_id) as news:
            found = await look()
            body, tag = _written(found)
            known = tag if self.known is None else self.known
            while is_known(known, tag) and not ended(found) and not self.listener.ending:
                if (left := until - clock()) <= 0:
                    break
                await news.wait(min(left, self.poll_seconds))
                found = await look()
                body, tag = _written(found)
        if self.known is not None and is_known(self.known, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        return Response(body, media_type="application/json", headers={"ETag": tag})


async def _poll(request: Request, wait: Wait = 0, known: Known = None) -> Poll:
    state = request.app.state
    return Poll(state.listener, state.settings.poll_seconds, wait, known)


Polling = Annotated[Poll, Depends(_poll)]


def _written(found: BaseModel) -> tuple[bytes, str]:
    """In JSON, and its ETag (RFC 9110, 8.8.3: quoted)."""
    body = found.model_dump_json(by_alias=True).encode()
    return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
