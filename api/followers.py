"""Those who follow a workspace: what waits for each of them to be sent."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import structlog

from api.sse import HEARTBEAT
from services.events import Position

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 1024 * 1024
"""Bytes for a follower that reads slowly, beside what the connection's own buffers take: some 3,000 events."""


@dataclass(frozen=True, slots=True)
class Piece:
    kind: str
    encoded: bytes
    position: Position | None = None


class Follower:
    """One who follows: what waits for them to be sent."""

    __slots__ = ("_closed", "_news", "_size", "_types", "_waiting", "after")

    def __init__(self, types: Collection[str] | None, after: Position | None) -> None:
        self.after = after
        """What they have been told; None before they have begun."""
        self._types = types
        self._waiting: list[bytes] = []
        self._size = 0
        self._news = asyncio.Event()
        self._closed = False

    def offer(self, piece: Piece) -> None:
        """Without what they have been told already, and what they do not ask for."""
        if piece.position is None or self.after is None or piece.position > self.after:
            self.after = piece.position or self.after
            if self.wants(piece.kind):
                self._add(piece.encoded)

    def wants(self, kind: str) -> bool:
        return self._types is None or kind in self._types

    def beat(self) -> None:
        """Lets proxies, and the follower, know that the connection is alive."""
        self._add(HEARTBEAT)

    def close(self, last: bytes = b"") -> None:
        """`last` is still sent, after what waits."""
        self._add(last)
        self._closed = True
        self._news.set()

    async def take(self) -> bytes | None:
        """What there is, as soon as there is something; None at the end."""
        while not self._waiting:
            if self._closed:
                return None
            self._news.clear()
            await self._news.wait()
        taken, self._waiting, self._size = b"".join(self._waiting), [], 0
        return taken

    def _add(self, encoded: bytes) -> None:
        if self._closed:
            return
        self._size += len(encoded)
        self._waiting.append(encoded)
        if self._size > MOST_WAITING:
            log.info("stream.slow_client_dropped")
            self._waiting.clear()
            self._closed = True
        self._news.set()
