"""Following a run: its pieces as server-sent events, or one answer when it is over."""

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.listener import Listener, Subscription
from api.sse import EventStream, encoded
from api.streams import GOING_ON_ELSEWHERE, Authenticate, Welcome, ending_quietly
from core.db import Database
from core.errors import ProofroomError
from core.principal import Principal
from graphs.stream import Part
from models import RunStatus
from services.protocol import run_parts, runs
from services.protocol.run_parts import Cursor, Look
from services.protocol.runs import Run

BEAT_SECONDS: Final = 5.0
"""Between the white space that keeps the connection of one who waits."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Whose run it is, and how it is looked at."""

    db: Database
    listener: Listener
    principal: Principal
    authenticate: Authenticate
    thread_id: UUID
    run_id: UUID
    workflow_id: UUID
    longest_pause: float
    """Seconds between two looks."""
    cancelled_with: bool = False
    """When who follows leaves before the end, the run is cancelled."""

    @property
    def path(self) -> str:
        return f"/threads/{self.thread_id}/runs/{self.run_id}"

    async def look(self, after: Cursor) -> Look:
        # Who leaves while a statement runs would take its connection along.
        with CancelScope(shield=True):
            async with self.db.reading(self.principal.workspace_id) as connection:
                found = await run_parts.look(connection, self.thread_id, self.run_id, after)
        return found

    async def outcome(self) -> dict[str, Any] | None:
        """None while the run is not over."""
        with CancelScope(shield=True):
            async with self.db.reading(self.principal.workspace_id) as connection:
                found = await run_parts.outcome(connection, self.thread_id, self.run_id)
        return found

    async def leave(self) -> None:
        if not self.cancelled_with:
            return
        with CancelScope(shield=True), suppress(ProofroomError):
            async with self.db.tenant(self.principal.workspace_id, self.principal.user_id) as session:
                await runs.cancel(session, self.thread_id, self.run_id, "interrupt")


def stream(
    followed: Followed, modes: Collection[str], *, after: Cursor | None = None, resumable: bool = False
) -> EventStream:
    """`after`: pieces that have been told already; none, not even the metadata, when it is None."""
    teller = _Telling(followed, modes, after or Cursor(), resumable)
    answer = EventStream(teller.pieces(greet=after is None or after == Cursor()), ExitStack())
    answer.headers["Location"] = f"{followed.path}/stream"
    answer.headers["Content-Location"] = followed.path
    return answer


async def wait(followed: Followed, begin: Callable[[], Awaitable[None]] | None = None) -> StreamingResponse:
    """White space until the run is over, then its outcome; JSON all the same. `begin` commits it: who listens before that
    need not look before they are told."""
    with ExitStack() as held:
        news = held.enter_context(followed.listener.subscribe(followed.run_id))
        if begin is not None:
            await begin()
        return _Awaited(followed, news, held.pop_all(), looks=begin is None)


class _Awaited(StreamingResponse):
    def __init__(self, followed: Followed, news: Subscription, held: ExitStack, *, looks: bool) -> None:
        headers = {"Location": f"{followed.path}/join", "Content-Location": followed.path}
        pieces = _outcome(followed, news, looks=looks)
        super().__init__(pieces, media_type="application/json", headers=headers)
        self.held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.held, suppress(_GoingOnElsewhere):
            await super().__call__(scope, receive, send)


class _GoingOnElsewhere(Exception):
    """This process ends. The answer is cut off, at which clients go on at its Location."""


async def _outcome(followed: Followed, news: Subscription, *, looks: bool) -> AsyncIterator[bytes]:
    beat = time.monotonic() + BEAT_SECONDS
    over = False
    found = await followed.outcome() if looks else None
    try:
        while found is None:
            if followed.listener.ending:
                over = True
                raise _GoingOnElsewhere
            if time.monotonic() >= beat:
                yield b"\n"
                beat = time.monotonic() + BEAT_SECONDS
            await news.wait(min(followed.longest_pause, max(beat - time.monotonic(), 0)))
            found = await followed.outcome()
        over = True
        yield orjson.dumps(found)
    finally:
        if not over:
            await followed.leave()


@dataclass(slots=True)
class _Telling:
    followed: Followed
    modes: Collection[str]
    after: Cursor
    resumable: bool
    _written: dict[int, str] = field(default_factory=dict)
    """The text of each draft under way, as far as it was heard."""

    async def pieces(self, *, greet: bool) -> AsyncGenerator[bytes]:
        over = False
        try:
            if greet:
                metadata = {"run_id": str(self.followed.run_id), "attempt": 1}
                yield self._told("metadata", metadata, Cursor("", 0))
            with ending_quietly():
                async for piece in self._follow(greet):
                    yield piece
            over = True
        finally:
            if not over:
                await self.followed.leave()

    async def _follow(self, greet: bool) -> AsyncIterator[bytes]:
        followed, welcome = self.followed, Welcome(self.followed.authenticate)
        with followed.listener.subscribe(followed.workflow_id) as news:
            found = await followed.look(self.after)
            if greet:
                yield self._encoded([(None, run_parts.teller_of(found.run).begun())])
            while True:
                if found.parts:
                    self.after = found.parts[-1][0]
                    yield self._encoded(found.parts)
                if found.run.ended:
                    if found.run.status == RunStatus.ERROR:
                        yield self._told("error", found.run.failure, None)
                    return
                if followed.listener.ending:
                    yield GOING_ON_ELSEWHERE
                    return
                await welcome.check()
                async for piece in self._until_changed(news, found):
                    yield piece
                found = await followed.look(self.after)

    async def _until_changed(self, news: Subscription, found: Look) -> AsyncIterator[bytes]:
        """Text as it is written, until something has been committed or it is time to look again."""
        until = time.monotonic() + self.followed.longest_pause
        while True:
            if told := self._deltas(news, found):
                yield told
            left = until - time.monotonic()
            if news.take_changed() or left <= 0:
                return
            await news.wait(left)

    def _deltas(self, news: Subscription, found: Look) -> bytes:
        """What is being written: a piece may come later than the whole of its draft."""
        thread_id = str(self.followed.thread_id)
        texts: defaultdict[int, str] = defaultdict(str)
        for delta in news.take_deltas():
            if delta["thread_id"] == thread_id and delta["sequence"] >= found.drafts:
                texts[delta["sequence"]] += delta["text"]
        return b"".join(self._delta(text, sequence, found.run) for sequence, text in texts.items())

    def _delta(self, text: str, sequence: int, run: Run) -> bytes:
        teller = run_parts.teller_of(run)
        first = sequence not in self._written
        self._written[sequence] = self._written.get(sequence, "") + text
        parts: list[Part] = [
            *teller.message(text, sequence, None),
            *teller.partial(self._written[sequence], sequence, first=first),
            Part("custom", "custom", {"type": "draft.delta", "platform": run.graph_id, "text": text}),
        ]
        return self._encoded([(None, part) for part in parts])

    def _encoded(self, parts: Iterable[tuple[Cursor | None, Part]]) -> bytes:
        """Of the modes that were asked for."""
        return b"".join(
            self._told(part.event, part.data, cursor) for cursor, part in parts if part.mode in self.modes
        )

    def _told(self, event: str, payload: Any, cursor: Cursor | None) -> bytes:
        return encoded(event, orjson.dumps(payload), cursor if self.resumable else None)
