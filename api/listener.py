"""This process's one listening connection: it wakes whoever waits for a workflow or a workspace, passes on text as it is
written, and tells who follows a workflow its events.

Notifications come in the order of commits. A transaction that began earlier may commit later, and its events come first:
so an event is held back until a notification says that all transactions before its own are over.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from heapq import heappop, heappush
from typing import Any, Final
from uuid import UUID

import orjson

from core.db import libpq_url
from core.listen import listen
from core.settings import Settings
from core.sql import Connection
from services import events
from services.events import DELTA_CHANNEL, EVENT_CHANNEL, PRESENCE_CHANNEL, Event, Notification, Position

DELTAS_KEPT: Final = 1000
"""For a watcher that reads slowly; then the oldest are dropped, and the draft itself comes as an event."""
EVENTS_KEPT: Final = 1000
"""For a watcher that reads slowly, and while an old transaction goes on; then they are to be read."""


class Subscription:
    """What one waiter has not looked at yet."""

    def __init__(self, missed: int = 0) -> None:
        self._deltas: deque[dict[str, Any]] = deque(maxlen=DELTAS_KEPT)
        self._events: list[Event] = []
        self._changed = False
        self._presence_changed = False
        self._has_missed = False
        self._news = asyncio.Event()
        self.newest = 0
        """The latest transaction that is known to have written for it; 0 before any is."""
        self.missed = missed
        """The latest transaction whose events may not be among those that it is told."""

    async def wait(self, seconds: float) -> None:
        """Until there is news, or for so long."""
        # Not wait_for: before Python 3.12 it can lose a cancellation.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    def take_changed(self) -> bool:
        """Whether something was written since the last call."""
        changed, self._changed = self._changed, False
        return changed

    def take_missed(self) -> bool:
        """Whether there was something since the last call of which it is not told."""
        missed, self._has_missed = self._has_missed, False
        return missed

    def take_events(self, after: Position) -> list[Event]:
        """Those after that of which nothing before is still to come, oldest first."""
        taken, self._events = self._events, []
        return [event for event in taken if event.position > after]

    def take_presence_changed(self) -> bool:
        """Whether somebody began or ceased to look at a review since the last call."""
        changed, self._presence_changed = self._presence_changed, False
        return changed

    def take_deltas(self) -> Iterator[dict[str, Any]]:
        while self._deltas:
            yield self._deltas.popleft()

    def note_change(self, transaction: int = 0) -> None:
        self.newest = max(self.newest, transaction)
        self._changed = True
        self._news.set()

    def note_event(self, event: Event) -> None:
        self._events.append(event)
        self._news.set()
        if len(self._events) > EVENTS_KEPT:
            self._events.clear()
            self.note_missed(event.position.xid)

    def note_missed(self, transaction: int) -> None:
        self.missed = max(self.missed, transaction)
        self._has_missed = True
        self._news.set()

    def note_presence(self) -> None:
        self._presence_changed = True
        self._news.set()

    def note_delta(self, delta: dict[str, Any]) -> None:
        self._deltas.append(delta)
        self._news.set()


class Listener:
    """While it does not run, or has lost its connection, nobody is woken: waiters also look by themselves."""

    ending = False
    """The process ends: nobody waits any longer, and streams are followed elsewhere."""

    def __init__(self, settings: Settings) -> None:
        self._conninfo = libpq_url(settings)
        self._subscriptions: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._newest = 0
        """The latest transaction that was heard of, or may have been missed."""
        self._settled = 0
        """All transactions before this one are over."""
        self._held: list[tuple[Position, str, Event]] = []
        """A heap of what happened to whom, and is not settled."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        channels = [EVENT_CHANNEL, DELTA_CHANNEL, PRESENCE_CHANNEL]
        task = asyncio.create_task(listen(self._conninfo, channels, self._hear, self._after_connecting))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def end(self) -> None:
        """Answer whoever waits."""
        self.ending = True
        self._wake_all()

    @contextmanager
    def subscribe(self, id_: UUID) -> Iterator[Subscription]:
        """To a workflow or a workspace. Subscribe first and read then: what happens in between is news."""
        key, subscription = str(id_), Subscription(self._newest)
        self._subscriptions[key].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[key].discard(subscription)
            if not self._subscriptions[key]:
                del self._subscriptions[key]

    def _hear(self, channel: str, payload: str) -> None:
        if channel == EVENT_CHANNEL:
            self._hear_event(Notification.parse(payload))
        elif channel == PRESENCE_CHANNEL:
            for subscription in self._of(payload):
                subscription.note_presence()
        else:
            delta = orjson.loads(payload)
            for subscription in self._of(delta["workflow_id"]):
                subscription.note_delta(delta)

    def _hear_event(self, heard: Notification) -> None:
        self._newest = max(self._newest, heard.transaction)
        for subscription in self._of(heard.workspace_id, heard.about_id):
            subscription.note_change(heard.transaction)
        if heard.is_event and heard.about_id in self._subscriptions:
            if event := heard.event():
                heappush(self._held, (event.position, heard.about_id, event))
            else:
                for subscription in self._of(heard.about_id):
                    subscription.note_missed(heard.transaction)
        self._settled = max(self._settled, heard.oldest)
        # Of a transaction whose notification is here, nothing is still to come either.
        while self._held and self._held[0][0].xid <= self._settled:
            _, about_id, event = heappop(self._held)
            for subscription in self._of(about_id):
                subscription.note_event(event)
        if len(self._held) > EVENTS_KEPT:
            self._lose(self._newest)

    def _of(self, *ids: str) -> Iterator[Subscription]:
        for each in ids:
            yield from self._subscriptions.get(each, ())

    async def _after_connecting(self, connection: Connection) -> None:
        """What was notified while there was no connection is lost."""
        self._lose((await events.now(connection)).newest)
        self._wake_all()

    def _lose(self, transaction: int) -> None:
        """Not all of what was written up to this one has been heard."""
        self._newest = max(self._newest, transaction)
        self._held.clear()
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.note_missed(transaction)

    def _wake_all(self) -> None:
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.note_change()
                subscription.note_presence()
