"""What happens around every page: who looks, whether the form is ours, one transaction, and errors that people can read."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.errors import DATABASE, of_database
from api.requests import check_query, check_texts
from api.route import requirement
from api.transaction import Replay, UnitOfWork, read_call
from core.errors import NotFound, ProofroomError, Unauthenticated
from core.principal import Principal
from services.access import identity
from web import session
from web.rendering import POLICY, failure, is_fragment, standing

IDEMPOTENCY_FIELD: Final = "idempotency_key"
SAFE: Final = frozenset({"GET", "HEAD"})


class PageRequest(Request):
    """A form's words are read once, and only storable ones."""

    _taken: FormData | None = None

    async def read_form(self) -> FormData:
        if self._taken is None:
            await self.body()  # kept, for the idempotency key's digest
            self._taken = await super()._get_form(max_fields=2000)
            for name, value in self._taken.multi_items():
                check_texts({name: value})
        return self._taken

    async def _get_form(self, **_: Any) -> FormData:
        return await self.read_form()


class PageRoute(APIRoute):
    """As `api.route.Route`, for pages: a handler with a `Requires` parameter is for people who are signed in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        requires = requirement(self.dependant)

        async def answer(given: Request) -> Response:
            request = PageRequest(given.scope, given.receive)
            try:
                check_query(request)
                form = None
                if request.method not in SAFE:
                    form = await request.read_form()
                    sent = request.headers.get(session.CSRF_HEADER) or form.get(session.CSRF_FIELD)
                    session.check_csrf(request, cast("str | None", sent))
                if requires is None:
                    return await handle(request)
                principal = await authenticate(request)
                principal.require(requires.role, *requires.scopes)
                request.state.principal = principal
                key = form.get(IDEMPOTENCY_FIELD) if form else None
                call = await read_call(request, principal, cast("str | None", key))
                async with UnitOfWork(request, principal, call) as work:
                    request.state.work = work
                    response = await handle(request)
                    await work.keep(response)
                    return response
            except Replay as replay:
                response = replay.response
                response.headers["Content-Security-Policy"] = POLICY
                return response
            except Unauthenticated:
                return _to_sign_in(request)
            except (ProofroomError, RequestValidationError) as error:
                return failure(request, error)
            except DATABASE as error:
                return failure(request, of_database(error))

        return answer


class PublicRoute(APIRoute):
    """For readers and their mailboxes, who are nobody here: what is called by it must not look at who is signed in, so
    that it need not be known who sends the form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                check_query(request)
                return await handle(request)
            except (ProofroomError, RequestValidationError) as error:
                return failure(request, error)
            except DATABASE as error:
                return failure(request, of_database(error))

        return answer


def router(prefix: str = "") -> APIRouter:
    return APIRouter(prefix=prefix, route_class=PageRoute, include_in_schema=False)


def public_router(prefix: str) -> APIRouter:
    return APIRouter(prefix=prefix, route_class=PublicRoute, include_in_schema=False)


async def authenticate(request: Request) -> Principal:
    """Raises Unauthenticated. A workspace that was left falls back to the personal one."""
    token = session.token(request)
    if token is None:
        raise Unauthenticated("Nobody is signed in.")
    db = request.app.state.db
    wanted = session.workspace(request)
    try:
        return await identity.authenticate(db, token, wanted)
    except NotFound:
        return await identity.authenticate(db, token, None)


def _to_sign_in(request: Request) -> Response:
    """Back to where they were going, afterwards."""
    if is_fragment(request):
        here = standing(request)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": f"/?next={quote(here)}"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    going = request.method in SAFE and wanted != "/"
    response = RedirectResponse(f"/?next={quote(wanted)}" if going else "/", HTTPStatus.SEE_OTHER)
    session.sign_out(response)
    return response
