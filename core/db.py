"""The connection pools, and transactions that see one workspace, a worker's view, or nothing yet."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Pool, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from core import faults, sql
from core.errors import ConfigurationError
from core.lending import Lender, driver_of, is_open
from core.settings import Settings
from core.sql import Connection, Statement, session_of

SEARCH_PATH: Final = "public,langgraph,procrastinate"
Role = Literal["proofroom_app", "proofroom_service"]
APP: Final = "proofroom_app"
"""Requests: held to one workspace."""
SERVICE: Final = "proofroom_service"
"""Workers: held to a workspace while one is set, and see all while none is."""

_BY_INDEX: Final = "-cenable_seqscan=off -cjit=off"
"""Every row is found by an index. Plans are kept, those of triggers and references too: one that was made while a table
was empty must serve when it is full."""
_PLANNED_ONCE: Final = "-cplan_cache_mode=force_generic_plan -cenable_hashjoin=off -cenable_mergejoin=off -cenable_bitmapscan=off"
"""For few statements that run all the time, whatever their values. By a bitmap, a claim would go through all that was
due since the last vacuum."""


def database_url(settings: Settings) -> URL:
    """The address as SQLAlchemy takes it, search path included. Raises ConfigurationError when it is not one."""
    try:
        url = make_url(settings.database_url.get_secret_value())
    except ArgumentError as error:
        raise ConfigurationError(
            "DATABASE_URL is not a database address.",
            remedy="Give postgresql://user:password@host:5432/database.",
        ) from error
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ConfigurationError(
            f"DATABASE_URL names {url.get_backend_name()}; Proofroom runs on PostgreSQL 15 or newer only.",
            remedy="Give postgresql://user:password@host:5432/database.",
        )
    return _with_options(url, f"-csearch_path={SEARCH_PATH}").set(drivername="postgresql+psycopg")


def _with_options(url: URL, options: str) -> URL:
    given = url.query.get("options", ())
    whole = " ".join([*([given] if isinstance(given, str) else given), options]).strip()
    return url.set(query={**url.query, "options": whole})


def libpq_url(settings: Settings) -> str:
    """The same address for psycopg and for PostgreSQL's own tools, password included."""
    return database_url(settings).set(drivername="postgresql").render_as_string(hide_password=False)


_SET: Final = Statement.of("""
SELECT set_config('proofroom.workspace_id', :workspace_id, false), set_config('proofroom.user_id', :user_id, false)
""")
_ACT: Final = text("SELECT set_config('role', :role, true)")


class Database:
    """A session is one transaction: committed at the end of the block, rolled back on an error. On a connection of its own
    each statement is one."""

    def __init__(self, settings: Settings) -> None:
        self.engine = _engine(settings, _BY_INDEX)
        # `_enter` says BEGIN itself, and whoever borrows a connection ends what was begun.
        self.tenants = _engine(settings, _BY_INDEX, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        workers = _autocommit(settings, SERVICE, f"{_BY_INDEX} {_PLANNED_ONCE}")
        functions = _autocommit(settings, APP, _BY_INDEX)
        readers = _autocommit(settings, APP, _BY_INDEX, prepare_threshold=5)
        self._engines = self.engine, self.tenants, workers, functions, readers
        self._lenders = self._tenants, self._workers, self._functions, self._readers = tuple(
            Lender(
                engine,
                most=settings.database_pool_size,
                in_all=settings.database_pool_size + settings.database_max_overflow,
                seconds=settings.database_pool_recycle,
            )
            for engine in (self.tenants, workers, functions, readers)
        )
        self._entered = WeakKeyDictionary[Connection, tuple[UUID, UUID | None]]()
        """The workspace and the user that each reader is set to: setting them again would be a round trip."""

    @asynccontextmanager
    async def tenant(self, workspace_id: UUID, user_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A request's session: sees this workspace, and this user's own rows."""
        async with self._begin(APP, workspace_id, user_id) as session:
            yield session

    @asynccontextmanager
    async def reading(self, workspace_id: UUID, user_id: UUID | None = None) -> AsyncIterator[Connection]:
        """As `tenant`, for what is read past the mappings, but each statement is a transaction of its own: see
        docs/decisions/0016-past-the-mappings.md."""
        where = workspace_id, user_id
        async with self._readers.lend() as lent:
            connection = driver_of(lent)
            if self._entered.get(connection) != where:
                # Cut off in the midst of it, it would be set to nobody knows what.
                self._entered.pop(connection, None)
                given = {"workspace_id": str(workspace_id), "user_id": str(user_id or "")}
                await sql.rows(connection, _SET, given)
                self._entered[connection] = where
            yield connection

    @asynccontextmanager
    async def service(self, workspace_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A worker's session: sees this workspace, or every one when it is claiming or sweeping."""
        async with self._begin(SERVICE, workspace_id, None) as session:
            yield session

    @asynccontextmanager
    async def anonymous(self) -> AsyncIterator[AsyncSession]:
        """Before anybody is known: no row is seen, only the functions of models.functions answer."""
        async with self._begin(APP, None, None) as session:
            yield session

    @asynccontextmanager
    async def functions(self) -> AsyncIterator[Connection]:
        """For one of models.functions, as in `anonymous`, but each call is a transaction of its own: one round trip."""
        async with self._functions.lend() as lent:
            yield driver_of(lent)
        faults.reach("after_commit")

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[Connection]:
        """A worker's connection on which each statement is a transaction of its own, and sees every workspace."""
        async with self._workers.lend() as lent:
            yield driver_of(lent)
        faults.reach("after_commit")

    @property
    def pools(self) -> Sequence[Pool]:
        return [engine.pool for engine in self._engines]

    @property
    def kept(self) -> int:
        """Connections that the pools count as in use, and that are not."""
        return sum(lender.kept for lender in self._lenders)

    async def dispose(self) -> None:
        for lender in self._lenders:
            await lender.dispose()
        for engine in self._engines:
            await engine.dispose()

    @asynccontextmanager
    async def _begin(
        self,
        role: Role,
        workspace_id: UUID | None,
        user_id: UUID | None,
    ) -> AsyncIterator[AsyncSession]:
        async with self._tenants.lend() as lent:
            connection, session = driver_of(lent), session_of(self.tenants, lent)
            await connection.execute(_enter(role, workspace_id, user_id), prepare=False)
            try:
                yield session
                if session.in_transaction():  # the mappings were used
                    await session.commit()
                    await session.close()
            except Exception:
                await session.close()
                await connection.rollback()
                raise
            await connection.commit()
        faults.reach("after_commit")


@asynccontextmanager
async def acting_as_service(session: AsyncSession) -> AsyncIterator[None]:
    """A part of a request's transaction with a worker's rights, still held to its workspace: for what no request may
    write on its own, checkpoints among it."""
    await session.execute(_ACT, {"role": SERVICE})
    yield
    await session.execute(_ACT, {"role": APP})


def _enter(role: Role, workspace_id: UUID | None, user_id: UUID | None) -> bytes:
    """Begins, in one round trip. That takes no parameters: but these are nobody's words."""
    return f"""BEGIN; SELECT set_config('role', '{role}', true),
        set_config('proofroom.workspace_id', '{_written(workspace_id)}', true),
        set_config('proofroom.user_id', '{_written(user_id)}', true)""".encode()


def _written(given: UUID | None) -> str:
    """Of an id and of nothing else."""
    return str(UUID(int=given.int)) if given else ""


def _engine(settings: Settings, options: str, **changes: Any) -> AsyncEngine:
    engine = create_async_engine(
        _with_options(database_url(settings), options),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_recycle=settings.database_pool_recycle,
        pool_pre_ping=settings.database_pool_pre_ping,
        pool_use_lifo=True,  # the last one used has its statements planned
        echo=settings.database_echo,
        hide_parameters=True,  # they are people's texts and secrets, and errors are logged
        **changes,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "checkin", _close_unfinished)
    return engine


def _autocommit(settings: Settings, role: Role, options: str, *, prepare_threshold: int = 0) -> AsyncEngine:
    """`prepare_threshold`: what is asked more often than that is prepared; all, where it is few statements."""
    engine = _engine(
        settings,
        f"-crole={role} {options}",
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        connect_args={"prepare_threshold": prepare_threshold},
    )
    event.listen(engine.sync_engine, "connect", partial(_require, role))
    return engine


def _require(role: Role, connection: DBAPIConnection, *_: object) -> None:
    """Poolers that hand a session from one client to the next drop what it is to be begun with: then neither the role nor
    the workspace that is set on it would be its own."""
    cursor = connection.cursor()
    cursor.execute("SHOW role")
    found = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if found != (role,):
        connection.close()
        raise ConfigurationError(
            "A pooler between us and the database drops what a connection is to be begun with, its role among it.",
            remedy="Name PostgreSQL itself in DATABASE_URL: Proofroom pools its connections.",
        )


def _close_unfinished(connection: DBAPIConnection | None, *_: object) -> None:
    """What was cut off in the midst of a statement or a transaction is nobody else's."""
    if connection is not None:
        driver = connection.driver_connection.pgconn
        if driver.transaction_status != TransactionStatus.IDLE:
            driver.finish()


def _refuse_closed(connection: DBAPIConnection, *_: object) -> None:
    """Then all of that time are dead."""
    if not is_open(connection.driver_connection):
        raise InvalidatePoolError
