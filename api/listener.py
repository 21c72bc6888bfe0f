"""This process's one listening connection: it wakes whoever waits for a workflow or a workspace and passes on text as it
is written."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final
from uuid import UUID

import orjson

from core.db import libpq_url
from core.listen import listen
from core.settings import Settings
from services.events import DELTA_CHANNEL, EVENT_CHANNEL, PRESENCE_CHANNEL

DELTAS_KEPT: Final = 1000
"""For a watcher that reads slowly; then the oldest are dropped, and the draft itself comes as an event."""


class Subscription:
    """What one waiter has not looked at yet."""

    def __init__(self) -> None:
        self._deltas: deque[dict[str, Any]] = deque(maxlen=DELTAS_KEPT)
        self._changed = False
        self._presence_changed = False
        self._news = asyncio.Event()
        self.newest = 0
        """The latest transaction that is known to have written for it; 0 before any is."""

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
        key, subscription = str(id_), Subscription()
        self._subscriptions[key].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[key].discard(subscription)
            if not self._subscriptions[key]:
                del self._subscriptions[key]

    def _hear(self, channel: str, payload: str) -> None:
        if channel == EVENT_CHANNEL:
            *ids, transaction = payload.split()
            for subscription in self._of(*ids):
                subscription.note_change(int(transaction))
        elif channel == PRESENCE_CHANNEL:
            for subscription in self._of(payload):
                subscription.note_presence()
        else:
            delta = orjson.loads(payload)
            for subscription in self._of(delta["workflow_id"]):
                subscription.note_delta(delta)

    def _of(self, *ids: str) -> Iterator[Subscription]:
        for each in ids:
            yield from self._subscriptions.get(each, ())

    async def _after_connecting(self) -> None:
        """What was notified while there was no connection is lost."""
        self._wake_all()

    def _wake_all(self) -> None:
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.note_change()
                subscription.note_presence()
