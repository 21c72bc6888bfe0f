"""What handlers ask for by type: `session: Session`, `principal: Viewer`.

All of it is async, what need not be, too: FastAPI calls plain functions in threads.
"""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from api.auth import Requires
from api.feeds import Feeds
from api.listener import Listener
from api.transaction import UnitOfWork
from core.crypto import Keyring
from core.db import Database
from core.principal import Principal, Role, Scope
from core.settings import Settings
from core.storage import Storage


async def _session(request: Request) -> AsyncSession:
    session: AsyncSession = await request.state.work.begin()
    return session


async def _work(request: Request) -> UnitOfWork:
    work: UnitOfWork = request.state.work
    await work.look_back()
    return work


async def _form_work(request: Request) -> UnitOfWork:
    work: UnitOfWork = request.state.work
    return work


async def _storage(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _database(request: Request) -> Database:
    db: Database = request.app.state.db
    return db


async def _keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


async def _listener(request: Request) -> Listener:
    listener: Listener = request.app.state.listener
    return listener


async def _feeds(request: Request) -> Feeds:
    feeds: Feeds = request.app.state.feeds
    return feeds


Session = Annotated[AsyncSession, Depends(_session)]
"""The request's transaction, begun; committed by the route before the answer leaves."""
Work = Annotated[UnitOfWork, Depends(_work)]
"""The same, not begun: for a handler that has slow work to do first. Call `await work.begin()`."""
FormWork = Annotated[UnitOfWork, Depends(_form_work)]
"""The same under a StreamingRoute, where only the handler knows what was sent: `work.identify(…)` comes first."""
StorageOf = Annotated[Storage, Depends(_storage)]
SettingsOf = Annotated[Settings, Depends(_settings)]
Db = Annotated[Database, Depends(_database)]
"""For what runs outside of the request's transaction: sign-in, streams."""
Keys = Annotated[Keyring, Depends(_keyring)]
ListenerOf = Annotated[Listener, Depends(_listener)]
FeedsOf = Annotated[Feeds, Depends(_feeds)]

Viewer = Annotated[Principal, Depends(Requires(Role.VIEWER, Scope.READ))]
WorkflowEditor = Annotated[Principal, Depends(Requires(Role.EDITOR, Scope.WORKFLOWS_WRITE))]
Reviewer = Annotated[Principal, Depends(Requires(Role.REVIEWER, Scope.REVIEWS_DECIDE))]
ReviewWriter = Annotated[
    Principal, Depends(Requires(Role.REVIEWER, Scope.REVIEWS_DECIDE, Scope.WORKFLOWS_WRITE))
]
"""For what decides nothing: whoever has drafts written may also work on them."""
JobReviewer = Annotated[Principal, Depends(Requires(Role.REVIEWER, Scope.PUBLISHING_WRITE))]
JobEditor = Annotated[Principal, Depends(Requires(Role.EDITOR, Scope.PUBLISHING_WRITE))]
LibraryEditor = Annotated[Principal, Depends(Requires(Role.EDITOR, Scope.LIBRARY_WRITE))]
WebhookEditor = Annotated[Principal, Depends(Requires(Role.EDITOR, Scope.ADMIN))]
Owner = Annotated[Principal, Depends(Requires(Role.OWNER, Scope.ADMIN))]
ProfileWriter = Annotated[Principal, Depends(Requires(Role.VIEWER, Scope.LIBRARY_WRITE))]
Self = Annotated[Principal, Depends(Requires(Role.VIEWER, Scope.ADMIN))]
"""Whoever is asking, about their own account."""
