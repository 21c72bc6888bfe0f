"""The application, put together. Whoever starts it adds routers of their own: pages, simulators, another protocol."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import docs, drain, errors, openapi
from api.cors import Cors
from api.feeds import Feeds
from api.limits import Limits
from api.listener import Listener
from api.mcp import endpoint as mcp
from api.middleware import BodyLimit, Edge, Hosts, RequestRate
from api.routes import ROUTERS
from core import storage, telemetry
from core.crypto import Keyring
from core.db import Database
from core.oidc import Issuer
from core.settings import Settings

LOOPBACK_NAMES: Final = frozenset({"localhost"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            openapi.complete(super().openapi())
        return super().openapi()


def create_app(
    settings: Settings, *, routers: Sequence[APIRouter] = (), database: Database | None = None
) -> FastAPI:
    """`app.state` has settings, db, keyring, issuer, listener, feeds, limits and storage. A database that is handed in is left to
    its owner to close."""
    db = database or Database(settings)
    listener = Listener(settings)
    feeds = Feeds(db, listener, settings.poll_seconds)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with drain.noticing(listener.end):
            async with listener.running(), feeds.running():
                yield
        if database is None:
            await db.dispose()

    app = Api(
        title="Proofroom",
        version=version("proofroom"),
        description="Drafts for every platform, approved by a person, published once and on the record.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.db = db
    app.state.keyring = Keyring.from_settings(settings)
    app.state.listener = listener
    app.state.feeds = feeds
    app.state.issuer = Issuer.of(settings)
    app.state.limits = Limits(settings.requests_per_minute)
    app.state.storage = storage.of(settings)

    errors.install(app)
    app.add_middleware(BodyLimit, limit=settings.body_limit, upload_limit=settings.upload_limit)
    app.add_middleware(RequestRate, limits=app.state.limits)
    if allowed := _names(settings):
        app.add_middleware(Hosts, allowed=allowed)
    if settings.shares_protocol:
        app.add_middleware(Cors, origins=settings.allowed_origins)
    app.add_middleware(Edge)
    app.router.routes.extend(_routes())
    for router in (*routers, docs.router, mcp.router):
        app.include_router(router)
    telemetry.instrument(app, settings)
    return app


@cache
def _routes() -> list[BaseRoute]:
    """The same for every app of a process: it takes 50 ms to work out what each of them expects and answers."""
    shared = APIRouter(generate_unique_id_function=_operation_id)
    for router in ROUTERS:
        shared.include_router(router)
    return shared.routes


def _operation_id(route: APIRoute) -> str:
    return route.name


def _names(settings: Settings) -> frozenset[str]:
    """The names that we go by; empty where only the operator's proxy can know them."""
    public = settings.public_url.host if settings.public_url else None
    if public:
        return LOOPBACK_NAMES | {public, settings.host}
    return LOOPBACK_NAMES if settings.host in _LOOPBACK else frozenset()
