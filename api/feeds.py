"""A workspace's events as they happen: read once in this process, written down once, and handed to all who follow."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context
from itertools import cycle
from typing import Any, Final
from uuid import UUID

from anyio import CancelScope
from sqlalchemy.exc import SQLAlchemyError

from api.followers import Follower, Piece
from api.listener import Listener, Subscription
from api.sse import HEARTBEAT_SECONDS
from api.streams import GOING_ON_ELSEWHERE, Pace, ending_quietly, log_away, told
from core.db import Database
from services import events
from services.events import Position
from services.reviewing import presence

PRESENCE: Final = "review.presence"
SAFETY_SECONDS: Final = HEARTBEAT_SECONDS
"""Between looks that nothing is the reason for, should a notification have been lost on its way."""


class Feed:
    """What happens in one workspace, for as long as somebody follows it here."""

    def __init__(self, db: Database, listener: Listener, workspace_id: UUID, poll_seconds: float) -> None:
        self.followers: set[Follower] = set()
        self.over = False
        self._db = db
        self._listener = listener
        self._workspace_id = workspace_id
        self._poll_seconds = poll_seconds
        self._at = Position()
        """All up to here has been told."""
        self._live: set[Follower] = set()
        """Those who have caught up."""
        self._looked_at: Mapping[UUID, Sequence[dict[str, Any]]] = {}
        self._begun = asyncio.Event()
        self._news = Subscription()

    async def run(self) -> None:
        """Whatever ends it ends its followers as well: they come back for what they have missed."""
        try:
            with ending_quietly(), self._listener.subscribe(self._workspace_id) as self._news:
                now = await self._begin()
                await self._tell(now.newest)
        finally:
            self.over = True
            self._begun.set()
            for follower in self.followers:
                follower.close(GOING_ON_ELSEWHERE)

    def stop(self) -> None:
        self.over = True
        self._news.note_change()

    async def follow(self, follower: Follower) -> AsyncIterator[bytes]:
        """What happened since then, if they say since when; and what happens."""
        await self._begun.wait()
        if follower.after is None and not self.over:
            follower.after = self._at
            yield told("stream.position", {"type": "stream.position"}, self._at)
        # Whoever has read as far as the feed is told what follows: nothing comes in between.
        while follower.after is not None and follower.after < self._at and not self.over:
            batch = await self._read(follower.after)
            follower.after = batch.reached
            if missed := [_piece(each).encoded for each in batch.events if follower.wants(each.type)]:
                yield b"".join(missed)
        self._live.add(follower)
        while taken := await follower.take():
            yield taken

    def leave(self, follower: Follower) -> None:
        self.followers.discard(follower)
        self._live.discard(follower)

    async def _begin(self) -> events.Now:
        async with self._db.functions() as connection:
            now = await events.now(connection)
        self._looked_at = await self._viewers()
        self._at = now.position
        self._begun.set()
        return now

    async def _tell(self, newest: int) -> None:
        """While the database is away followers are kept: browsers that are answered an error do not come back."""
        news, pace = self._news, Pace(self._poll_seconds, SAFETY_SECONDS)
        while not (self.over or self._listener.ending):
            changed, due = news.take_changed(), pace.left == 0
            try:
                if changed or due:
                    fresh = await self._tell_events()
                    complete = self._at.xid > max(news.newest, newest)
                    pace.looked(complete=complete, fresh=changed or fresh)
                if news.take_presence_changed() or (due and self._looked_at):
                    await self._tell_presence()
            except SQLAlchemyError as error:
                log_away(error)
                pace.looked(complete=False, fresh=False)
            await news.wait(pace.left)

    async def _tell_events(self) -> bool:
        """Whether there were any."""
        fresh, whole = False, False
        while not whole:
            batch = await self._read(self._at)
            self._at, whole = batch.reached, batch.whole
            fresh = fresh or bool(batch.events)
            for each in batch.events:
                self._offer(_piece(each))
        return fresh

    async def _tell_presence(self) -> None:
        """Of each review at which somebody else looks than did before."""
        before, self._looked_at = self._looked_at, await self._viewers()
        for review_id in before.keys() | self._looked_at.keys():
            viewers = self._looked_at.get(review_id, [])
            if viewers != before.get(review_id, []):
                payload = {"type": PRESENCE, "review_id": str(review_id), "viewers": viewers}
                self._offer(Piece(PRESENCE, told(PRESENCE, payload)))

    def _offer(self, piece: Piece) -> None:
        for follower in self._live:
            follower.offer(piece)

    async def _read(self, after: Position) -> events.Batch:
        # A follower who leaves while a statement runs would take its connection along.
        with CancelScope(shield=True):
            async with self._db.functions() as connection:
                batch = await events.read_workspace(connection, self._workspace_id, after)
        return batch

    async def _viewers(self) -> Mapping[UUID, Sequence[dict[str, Any]]]:
        async with self._db.reading(self._workspace_id) as connection:
            found = await presence.viewers(connection)
        return {
            review_id: [{"user_id": str(each.user_id), "username": each.username} for each in viewers]
            for review_id, viewers in found.items()
        }


def _piece(event: events.Event) -> Piece:
    return Piece(event.type, told(event.type, event.payload, event.position), event.position)


class Feeds:
    """This process's, one for each workspace that somebody follows; and the heartbeat of all who do."""

    def __init__(self, db: Database, listener: Listener, poll_seconds: float) -> None:
        self._db = db
        self._listener = listener
        self._poll_seconds = poll_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._seconds: list[set[Follower]] = [set() for _ in range(HEARTBEAT_SECONDS)]
        """Who gets a heartbeat in which second: not all at once, since each also renews what they may see."""
        self._places = cycle(self._seconds)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        heart = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            heart.cancel()
            for feed in self._feeds.values():
                feed.stop()
            await asyncio.gather(heart, *self._tasks, return_exceptions=True)

    @contextmanager
    def joined(self, workspace_id: UUID, follower: Follower) -> Iterator[Feed]:
        feed = self._feeds.get(workspace_id)
        if feed is None or feed.over:
            feed = self._start(workspace_id)
        second = next(self._places)
        second.add(follower)
        feed.followers.add(follower)
        try:
            yield feed
        finally:
            second.discard(follower)
            feed.leave(follower)
            if not feed.followers:
                self._end(workspace_id, feed)

    def _start(self, workspace_id: UUID) -> Feed:
        feed = self._feeds[workspace_id] = Feed(self._db, self._listener, workspace_id, self._poll_seconds)
        # In a context of its own, for what it logs is not the first follower's.
        task = asyncio.create_task(feed.run(), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._end(workspace_id, feed))
        return feed

    def _end(self, workspace_id: UUID, feed: Feed) -> None:
        feed.stop()
        if self._feeds.get(workspace_id) is feed:
            del self._feeds[workspace_id]

    async def _beat(self) -> None:
        for second in cycle(self._seconds):
            await asyncio.sleep(1)
            for follower in second:
                follower.beat()
