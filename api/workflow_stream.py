"""Following one workflow, whoever asks: a program by its key, a page by its cookie."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import ExitStack
from typing import Final
from uuid import UUID

from anyio import CancelScope

from api.listener import Listener, Subscription
from api.sse import EventStream
from api.streams import (
    GOING_ON_ELSEWHERE,
    SHORTEST_PAUSE,
    Authenticate,
    Pace,
    Welcome,
    ending_quietly,
    told,
)
from core.db import Database
from core.principal import Principal
from services import events, workflow_views

DELTA: Final = "draft.delta"
HELD_SECONDS: Final = 0.03
"""For an event that came before an older transaction was over: mostly the next notification lets it go."""
TYPES: Final = (*events.EventType, DELTA)


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
    with ExitStack() as stack:
        news = stack.enter_context(listener.subscribe(workflow_id))
        follower = _Follower(db, listener, news, principal, workflow_id, authenticate, longest_pause)
        found = await follower.look(after or events.Position())
        if not found:
            async with db.reading(principal.workspace_id, principal.user_id) as connection:
                await workflow_views.require(connection, workflow_id)
        return EventStream(follower.follow(found), stack.pop_all())


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
        self._welcome = Welcome(authenticate)
        self._pace = Pace(longest_pause, idle=longest_pause)
        self._after = events.Position()
        """All up to here has been told."""
        self._known = 0
        """All of this transaction and of those before, too."""

    async def follow(self, found: Sequence[events.Event]) -> AsyncGenerator[bytes]:
        """What the first look `found`, and what comes then."""
        with ending_quietly():
            async for piece in self._follow(found):
                yield piece

    async def _follow(self, found: Sequence[events.Event]) -> AsyncGenerator[bytes]:
        """What comes together goes in one piece. Between looks no connection is held."""
        news, pace = self._news, self._pace
        while True:
            if found:
                yield b"".join(told(each.type, each.payload, each.position) for each in found)
            if deltas := [told(DELTA, delta) for delta in news.take_deltas()]:
                yield b"".join(deltas)
            if found := await self._next():
                continue
            if self._listener.ending:
                yield GOING_ON_ELSEWHERE
                return
            await self._welcome.check()
            await news.wait(pace.left)

    async def _next(self) -> Sequence[events.Event]:
        """What is told by notifications, or read: when they have left something out, and from time to time."""
        news, pace = self._news, self._pace
        changed = news.take_changed()
        if news.missed <= self._known and (found := news.take_events(self._after)):
            self._after, self._known = found[-1].position, found[-1].position.xid
            self._look_again(fresh=True)
            return found
        if news.take_missed() or pace.left == 0:
            return await self.look(self._after)
        if changed:
            self._look_again(fresh=True)
        return ()

    async def look(self, after: events.Position) -> Sequence[events.Event]:
        # A watcher who leaves while a statement runs would take its connection along.
        with CancelScope(shield=True):
            async with self._db.functions() as connection:
                batch = await events.read(connection, self._principal.workspace_id, self._workflow_id, after)
        self._after, self._known = batch.reached, batch.reached.xid - 1
        self._look_again(fresh=bool(batch.events))
        return batch.events

    def _look_again(self, *, fresh: bool) -> None:
        """Soon, or much later when all that was written is known."""
        news, known = self._news, self._known
        pause = SHORTEST_PAUSE if news.missed > known else HELD_SECONDS
        self._pace.looked(complete=max(news.newest, news.missed) <= known, fresh=fresh, pause=pause)
