"""Statements that run all the time, sent by psycopg itself: by way of SQLAlchemy each takes three times as long."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import psycopg
import sqlalchemy
from psycopg.rows import dict_row
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

Connection: TypeAlias = psycopg.AsyncConnection[Any]
Row: TypeAlias = dict[str, Any]

_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """As PostgreSQL takes it, with $1 and so on, so that nothing is rewritten each time it is sent."""

    query: bytes
    names: tuple[str, ...]

    @classmethod
    def of(cls, sql: str) -> Self:
        """`sql` has its parameters as `:name`."""
        names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
        return cls(_PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql).encode(), names)


async def rows(connection: Connection, statement: Statement, parameters: Mapping[str, Any]) -> list[Row]:
    """What it returns, nothing when it returns no rows at all. Raises psycopg.Error, which `Database` translates."""
    cursor = psycopg.AsyncRawCursor(connection, row_factory=dict_row)
    await cursor.execute(statement.query, [parameters[name] for name in statement.names])
    returned = cursor.pgresult
    return await cursor.fetchall() if returned is not None and returned.nfields else []


async def row(connection: Connection, statement: Statement, parameters: Mapping[str, Any]) -> Row | None:
    """The first."""
    found = await rows(connection, statement, parameters)
    return found[0] if found else None


def session_of(engine: AsyncEngine, lent: PoolProxiedConnection) -> AsyncSession:
    """Which comes to nothing as long as nobody uses the mappings."""
    bind = AsyncConnection(engine, sqlalchemy.Connection(engine.sync_engine, lent))
    return AsyncSession(bind, expire_on_commit=False, info={"connection": lent.driver_connection})


def connection_of(session: AsyncSession) -> Connection:
    """The session's own: what is sent there is part of its transaction."""
    connection: Connection = session.info["connection"]
    return connection
