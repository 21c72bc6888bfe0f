"""Following a thread, whichever runs it has: from before the first of them until who reads leaves."""

from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from functools import partial
from typing import Protocol, TypeVar
from uuid import UUID

from anyio import CancelScope

from api.auth import authenticate
from api.langgraph.runs import Following
from api.sse import EventStream
from api.streams import GOING_ON_ELSEWHERE, Welcome, ending_quietly
from core.principal import Principal
from core.sql import Connection

EventT = TypeVar("EventT")


class Reader(Protocol[EventT]):
    """Where somebody is in a thread."""

    workflow_id: UUID | None
    """None until the thread has begun."""

    async def look(self, connection: Connection) -> list[EventT]:
        """All that is new."""
        ...


def follow(
    following: Following, principal: Principal, reader: Reader[EventT], told: Callable[[list[EventT]], bytes]
) -> EventStream:
    """`told`: what is found as it is sent."""
    return EventStream(_pieces(following, principal, reader, told), ExitStack())


async def _pieces(
    following: Following, principal: Principal, reader: Reader[EventT], told: Callable[[list[EventT]], bytes]
) -> AsyncGenerator[bytes]:
    listener, db, longest = following.listener, following.db, following.settings.poll_seconds
    welcome = Welcome(partial(authenticate, following.request, db))
    with ending_quietly():
        while True:
            # Before a thread has begun, it is the workspace that hears of it.
            begun = reader.workflow_id
            with listener.subscribe(begun or principal.workspace_id) as news:
                while reader.workflow_id == begun:
                    with CancelScope(shield=True):
                        async with db.reading(principal.workspace_id) as connection:
                            found = await reader.look(connection)
                    if piece := told(found):
                        yield piece
                    if listener.ending:
                        yield GOING_ON_ELSEWHERE
                        return
                    await welcome.check()
                    if reader.workflow_id == begun:
                        await news.wait(longest)
