import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import structlog
from anyio import CancelScope
from fastapi import Header, Query, Request
from pydantic import WithJsonSchema
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.auth import authenticate
from api.deps import Db, ListenerOf, SettingsOf, Viewer
from api.listener import Listener, Subscription
from api.route import router as new_router
from core.db import Database
from core.errors import FieldError, Invalid, ProofroomError
from core.principal import Principal
from services import events, workflow_views

router = new_router("/v1/workflows", "workflows")
log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS: Final = 15
SLOW_CLIENT_SECONDS: Final = 30
"""Whoever takes longer for one piece is dropped, and comes back with Last-Event-ID."""
RECHECK_SECONDS: Final = 60
"""How long a revoked key or session may go on watching."""
RECONNECT_MILLISECONDS: Final = 500
"""After which a client comes back to whoever serves then, when this process ends."""
_SHORTEST_PAUSE: Final = 0.01
_FIRST_PAUSE: Final = 0.1
"""Before anything is notified: only what was written just before, beside an older transaction, is still to be found."""

EventId = Annotated[str | None, WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,19}-[0-9]{1,19}$"})]


class EventStream(EventSourceResponse):
    """`held` is let go at the end."""

    def __init__(self, pieces: AsyncIterator[bytes], held: ExitStack) -> None:
        super().__init__(pieces, ping=HEARTBEAT_SECONDS, send_timeout=SLOW_CLIENT_SECONDS)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._held:
                await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream.slow_client_dropped")


@router.get(
    "/{workflow_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"description": "Server-sent events; `data` is JSON."}},
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
    after = _position(header, last_event_id)
    with ExitStack() as stack:
        news = stack.enter_context(listener.subscribe(workflow_id))
        follower = _Follower(request, db, listener, news, principal, workflow_id, settings.poll_seconds)
        found = await follower.look(after)
        if not found:
            async with db.reading(principal.workspace_id, principal.user_id) as connection:
                await workflow_views.require(connection, workflow_id)
        return EventStream(follower.follow(after, found), stack.pop_all())


class _Follower:
    def __init__(
        self,
        request: Request,
        db: Database,
        listener: Listener,
        news: Subscription,
        principal: Principal,
        workflow_id: UUID,
        longest_pause: float,
    ) -> None:
        self._request = request
        self._db = db
        self._listener = listener
        self._news = news
        self._principal = principal
        self._workflow_id = workflow_id
        self._longest_pause = longest_pause

    async def follow(self, after: events.Position, found: Sequence[events.Event]) -> AsyncIterator[bytes]:
        """What was `found` after that, and what comes then. Ends when the database is away: clients come back with the
        last id that they have."""
        try:
            async for piece in self._follow(after, found):
                yield piece
        except SQLAlchemyError as error:
            log.warning("stream.database_away", reason=str(error).splitlines()[0])

    async def _follow(self, after: events.Position, found: Sequence[events.Event]) -> AsyncIterator[bytes]:
        """What a look finds goes in one piece. Between looks no connection is held.

        A look may come too early to see all that it was woken for, while an older transaction still runs: more looks
        follow, further and further apart.
        """
        clock, news = time.monotonic, self._news
        pause, recheck = _FIRST_PAUSE, clock() + RECHECK_SECONDS
        next_look = clock() + pause
        while True:
            if found:
                yield b"".join(_told(each.type, each.payload, each.position) for each in found)
                after, found = found[-1].position, ()
            if deltas := [_told("draft.delta", delta) for delta in news.take_deltas()]:
                yield b"".join(deltas)
            if (changed := news.take_changed()) or clock() >= next_look:
                found = await self.look(after)
                if news.newest and (found[-1].position if found else after).xid >= news.newest:
                    pause = self._longest_pause
                else:
                    pause = _SHORTEST_PAUSE if found or changed else min(pause * 2, self._longest_pause)
                next_look = clock() + pause
                if found:
                    continue
            if self._listener.ending:
                yield ServerSentEvent(comment="going on elsewhere", retry=RECONNECT_MILLISECONDS).encode()
                return
            if clock() >= recheck:
                if not await self._is_welcome():
                    return
                recheck = clock() + RECHECK_SECONDS
            await news.wait(max(next_look - clock(), 0))

    async def look(self, after: events.Position) -> Sequence[events.Event]:
        # A watcher who leaves while a statement runs would take its connection along.
        with CancelScope(shield=True):
            async with self._db.functions() as connection:
                found = await events.read(connection, self._principal.workspace_id, self._workflow_id, after)
        return found

    async def _is_welcome(self) -> bool:
        try:
            await authenticate(self._request, self._db)
        except ProofroomError as error:
            log.info("stream.ended", reason=error.code)
            return False
        return True


def _told(kind: str, payload: Mapping[str, Any], position: events.Position | None = None) -> bytes:
    data = orjson.dumps(payload).decode()
    return ServerSentEvent(data, event=kind, id=str(position) if position else None).encode()


def _position(header: str | None, parameter: str | None) -> events.Position:
    """The header wins: it is newer, where a client reconnects to an address that has the parameter."""
    given = parameter if header is None else header
    if given is None:
        return events.Position()
    try:
        return events.Position.parse(given)
    except ValueError:
        where = "query.last_event_id" if header is None else "header.Last-Event-ID"
        raise Invalid(
            "This is not an event's id.",
            remedy="Send the `id` of the last event that you got, or leave it out.",
            errors=[FieldError(where, "This is not an event's id.")],
        ) from None
