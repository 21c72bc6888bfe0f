"""What happens around every handler: who asks, what they sent, one transaction, the answer."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.auth import SCHEMES, Requires, authenticate
from api.requests import StrictRequest, check_query
from api.transaction import Replay, UnitOfWork, read_call
from core.principal import Principal


class Route(APIRoute):
    """A handler with a `Requires` parameter runs for somebody, in that somebody's workspace; others are public."""

    streamed = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        requires = requirement(self.dependant)
        if requires is not None:
            self.openapi_extra = {**(self.openapi_extra or {}), "security": [{name: []} for name in SCHEMES]}
        takes_body = self.body_field is not None
        streamed = self.streamed

        async def answer(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            check_query(strict)
            if requires is None:
                if takes_body:
                    await strict.read_json()
                return await handle(strict)
            principal = await self.who(strict)
            principal.require(requires.role, *requires.scopes)
            strict.state.principal = principal
            if takes_body:
                await strict.read_json()
            try:
                call = await read_call(strict, principal, streamed=streamed)
                async with UnitOfWork(strict, principal, call) as work:
                    strict.state.work = work
                    response = await handle(strict)
                    await work.keep(response)
                    return response
            except Replay as replay:
                return replay.response

        return answer

    async def who(self, request: Request) -> Principal:
        """Who asks. Raises ProofroomError for whoever may not."""
        return await authenticate(request, request.app.state.db)


class StreamingRoute(Route):
    """Its body may be larger than memory: the handler reads it as it arrives, and says to the UnitOfWork what it was."""

    streamed = True


def requirement(dependant: Dependant) -> Requires | None:
    calls = (dependency.call for dependency in dependant.dependencies)
    return next((call for call in calls if isinstance(call, Requires)), None)


def router(prefix: str, tag: str, *, documented: bool = True, route_class: type[Route] = Route) -> APIRouter:
    """Paths are whole from the start, prefix included, since logs and metrics name routes by them."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=route_class, include_in_schema=documented)
