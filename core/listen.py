"""LISTEN on a connection of its own, for as long as the process lives."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import structlog
from psycopg import sql

from core.sql import Connection

log = structlog.get_logger(__name__)

WAIT_FOR_SERVER_SECONDS = 0.5


async def listen(
    conninfo: str,
    channels: Sequence[str],
    on_message: Callable[[str, str], None],
    on_connect: Callable[[Connection], Awaitable[None]] | None = None,
) -> None:
    """Call `on_message(channel, payload)` for each notification until cancelled.

    What is notified while there is no connection is lost: `on_connect` runs at each (re)connection and on it, after the
    LISTEN, so that the caller can look for what it missed.
    """
    while True:
        try:
            await _listen_once(conninfo, channels, on_message, on_connect)
        except psycopg.OperationalError as error:
            log.warning(
                "listener.reconnecting", reason=str(error).splitlines()[0] if str(error) else "closed"
            )
        await asyncio.sleep(WAIT_FOR_SERVER_SECONDS)


async def _listen_once(
    conninfo: str,
    channels: Sequence[str],
    on_message: Callable[[str, str], None],
    on_connect: Callable[[Connection], Awaitable[None]] | None,
) -> None:
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for channel in channels:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        if on_connect is not None:
            await on_connect(connection)
        async for notification in connection.notifies():
            on_message(notification.channel, notification.payload)
