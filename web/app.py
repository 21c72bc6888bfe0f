"""The API with the pages on it: what `proofroom api` serves."""

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import errors
from api.app import create_app as create_api
from core.db import Database
from core.errors import NotFound, ProofroomError
from core.settings import Settings
from web import assets
from web.pages import ROUTERS
from web.rendering import failure, is_fragment


def create_app(settings: Settings, *, database: Database | None = None) -> FastAPI:
    """Raises ConfigurationError where the browser's libraries are missing."""
    assets.assets()
    app = create_api(settings, routers=ROUTERS, database=database)
    app.add_exception_handler(HTTPException, _nowhere)
    return app


async def _nowhere(request: Request, error: Exception) -> Response:
    """A person in a browser gets a page, a program the problem."""
    assert isinstance(error, HTTPException)
    by_person = is_fragment(request) or "text/html" in request.headers.get("accept", "")
    if request.url.path.startswith("/v1/") or not by_person or error.status_code != NotFound.status:
        return await errors.http(request, error)
    missing: ProofroomError = NotFound("Nothing is at this address.")
    return failure(request, missing)
