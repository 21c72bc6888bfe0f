"""The connection pool, and transactions that see one workspace, a worker's view, or nothing yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from core import faults
from core.errors import ConfigurationError
from core.settings import Settings

SEARCH_PATH: Final = "public,langgraph,procrastinate"
APP: Final = "proofroom_app"
"""Requests: held to one workspace."""
SERVICE: Final = "proofroom_service"
"""Workers: held to a workspace while one is set, and see all while none is."""

_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('proofroom.workspace_id', :workspace_id, true), "
    "set_config('proofroom.user_id', :user_id, true)"
)


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
    given = url.query.get("options", ())
    options = [given] if isinstance(given, str) else [*given]
    query = {**url.query, "options": " ".join([*options, f"-csearch_path={SEARCH_PATH}"])}
    return url.set(drivername="postgresql+psycopg", query=query)


def libpq_url(settings: Settings) -> str:
    """The same address for psycopg and for PostgreSQL's own tools, password included."""
    return database_url(settings).set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """Each of the three ways in is one transaction: committed at the end of the block, rolled back on an error."""

    def __init__(self, settings: Settings) -> None:
        self.engine = create_async_engine(
            database_url(settings),
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_max_overflow,
            pool_recycle=settings.database_pool_recycle,
            pool_pre_ping=settings.database_pool_pre_ping,
            echo=settings.database_echo,
            hide_parameters=True,  # they are people's texts and secrets, and errors are logged
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def tenant(self, workspace_id: UUID, user_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """A request's session: sees this workspace, and this user's own rows."""
        async with self._begin(APP, workspace_id, user_id) as session:
            yield session

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

    async def dispose(self) -> None:
        await self.engine.dispose()

    @asynccontextmanager
    async def _begin(
        self,
        role: Literal["proofroom_app", "proofroom_service"],
        workspace_id: UUID | None,
        user_id: UUID | None,
    ) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            await session.execute(
                _ENTER,
                {"role": role, "workspace_id": str(workspace_id or ""), "user_id": str(user_id or "")},
            )
            yield session
        faults.reach("after_commit")
