"""Following one workflow, whoever asks: a program by its key, a page by its cookie."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Final
from uuid import UUID

import structlog
from anyio import CancelScope
from sqlalchemy.exc import SQLAlchemyError

from api.listener import Listener, Subscription
from api.sse import EventStream
from api.streams import GOING_ON_ELSEWHERE, RECHECK_SECONDS, Pace, told
from core.db import Database
from core.errors import ProofroomError
from core.principal import Principal
from services import events, workflow_views

log = structlog.get_logger(__name__)

DELTA: Final = "draft.delta"
TYPES: Final = (*events.EventType, DELTA)

Authenticate = Callable[[], Awaitable[Principal]]


async def follow(
    db: Database,
    listener: Listener,
    principal: Principal,
    workflow_id: UUID,
    authenticate: Authenticate,
    *,
    after: events.Position | None,
    longest_pause: float,
) -> EventStream:
    """The answer to whoever may see it, for as long as `authenticate` raises no ProofroomError. Raises NotFound.

    Without `after` it tells everything from the beginning. `longest_pause`: seconds between two looks.
    """
    begin = after or events.Position()
    with ExitStack() as stack:
        news = stack.enter_context(listener.subscribe(workflow_id))
        follower = _Follower(db, listener, news, principal, workflow_id, authenticate, longest_pause)
        found = await follower.look(begin)
        if not found:
            async with db.reading(principal.workspace_id, principal.user_id) as connection:
                await workflow_views.require(connection, workflow_id)
        return EventStream(follower.follow(begin, found), stack.pop_all())


class _Follower:
    def __init__(
        self,
        db: Database,
        listener: Listener,
        news: Subscription,
        principal: Principal,
        workflow_id: UUID,
        authenticate: Authenticate,
        longest_pause: float,
    ) -> None:
        self._db = db
        self._listener = listener
        self._news = news
        self._principal = principal
        self._workflow_id = workflow_id
        self._authenticate = authenticate
        self._longest_pause = longest_pause

    async def follow(self, after: events.Position, found: Sequence[events.Event]) -> AsyncGenerator[bytes]:
        """What was `found` after that, and what comes then. Ends when the database is away: clients come back with the
        last id that they have."""
        try:
            async for piece in self._follow(after, found):
                yield piece
        except SQLAlchemyError as error:
            log.warning("stream.database_away", reason=str(error).splitlines()[0])

    async def _follow(self, after: events.Position, found: Sequence[events.Event]) -> AsyncGenerator[bytes]:
        """What a look finds goes in one piece. Between looks no connection is held."""
        clock, news = time.monotonic, self._news
        pace = Pace(self._longest_pause, idle=self._longest_pause)
        recheck = clock() + RECHECK_SECONDS
        while True:
            if found:
                yield b"".join(told(each.type, each.payload, each.position) for each in found)
                after, found = found[-1].position, ()
            if deltas := [told(DELTA, delta) for delta in news.take_deltas()]:
                yield b"".join(deltas)
            if (changed := news.take_changed()) or pace.left == 0:
                found = await self.look(after)
                reached = found[-1].position if found else after
                pace.looked(complete=0 < news.newest <= reached.xid, fresh=changed or bool(found))
                if found:
                    continue
            if self._listener.ending:
                yield GOING_ON_ELSEWHERE
                return
            if clock() >= recheck:
                if not await self._is_welcome():
                    return
                recheck = clock() + RECHECK_SECONDS
            await news.wait(pace.left)

    async def look(self, after: events.Position) -> Sequence[events.Event]:
        # A watcher who leaves while a statement runs would take its connection along.
        with CancelScope(shield=True):
            async with self._db.functions() as connection:
                found = await events.read(connection, self._principal.workspace_id, self._workflow_id, after)
        return found

    async def _is_welcome(self) -> bool:
        try:
            await self._authenticate()
        except ProofroomError as error:
            log.info("stream.ended", reason=error.code)
            return False
        return True
