"""An engine's connections, lent for statements that go past SQLAlchemy."""

import asyncio
import select
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from core.sql import Connection

WAIT_SECONDS: Final = 30
"""For a connection, while all of them are lent. A pool's own patience."""

_Kept: TypeAlias = tuple[PoolProxiedConnection, float]
"""With the time at which it was taken from the pool."""


class Lender:
    """Keeps in hand what it was given back: the pool's own way there and back takes two greenlets, and as long as sending
    a statement. What is kept is in use by the pool's count. What is not kept is closed: the pool would keep as many again."""

    def __init__(self, engine: AsyncEngine, *, most: int, in_all: int, seconds: float) -> None:
        """`most` are kept, each for so many `seconds`, and as many lent at once as the pool has `in_all`."""
        self._engine = engine
        self._most = most
        self._seconds = seconds if seconds >= 0 else float("inf")
        self._kept: list[_Kept] = []
        # The pool would let nobody know of a connection that was kept here.
        self._turns = asyncio.Semaphore(in_all)

    @property
    def kept(self) -> int:
        return len(self._kept)

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[PoolProxiedConnection]:
        """Raises SQLAlchemy's errors, whoever sent the statement."""
        await self._turn()
        try:
            with translated():
                lent, since = await self._take()
            connection = driver_of(lent)
            try:
                with translated():
                    yield lent
            finally:
                await self._give_back(lent, since, connection)
        finally:
            self._turns.release()

    async def dispose(self) -> None:
        """What is lent meanwhile goes to the pool, and with it."""
        self._most = 0
        while self._kept:
            await greenlet_spawn(self._kept.pop()[0].close)

    async def _turn(self) -> None:
        """Raises PoolTimeout."""
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise PoolTimeout(f"All connections were in use for {WAIT_SECONDS} seconds.") from error

    async def _take(self) -> _Kept:
        """The last one used has its statements planned."""
        while self._kept:
            lent, since = self._kept.pop()
            if is_open(driver_of(lent)):
                return lent, since
            await greenlet_spawn(lent.close)
        return await self._engine.raw_connection(), time.monotonic()

    async def _give_back(self, lent: PoolProxiedConnection, since: float, connection: Connection) -> None:
        idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
        if idle and len(self._kept) < self._most and time.monotonic() - since < self._seconds:
            self._kept.append((lent, since))
        elif lent.is_valid:  # SQLAlchemy has not seen it lost, and closed it
            await greenlet_spawn(lent.invalidate)


def driver_of(lent: PoolProxiedConnection) -> Connection:
    connection = lent.driver_connection
    assert isinstance(connection, psycopg.AsyncConnection)
    return connection


def is_open(connection: Connection) -> bool:
    """An idle connection has nothing to read, unless the server has closed it.

    Costs no round trip, as a ping before each use would.
    """
    if connection.closed:
        return False
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return not waiting.poll(0)


@contextmanager
def translated() -> Iterator[None]:
    """One family of errors."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error
