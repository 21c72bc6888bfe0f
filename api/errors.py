"""Turns whatever was raised into a problem. Nothing of a stack, a statement or a value leaves."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from api.problems import CORRECT_FIELDS, InvalidField, of, problem
from core.errors import Conflict, ProofroomError, Unavailable
from core.outages import is_outage, sqlstate

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = 5
SHOWN_ERRORS: Final = 100
"""A body of nothing but errors is not answered with one many times as long."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

DATABASE: Final = (DBAPIError, PoolTimeout)
"""What it raises."""
_MOVED: Final = frozenset({"23503", "23505"})
"""A reference or a name was changed by somebody else between our look and our write."""


def install(app: FastAPI) -> None:
    app.add_exception_handler(ProofroomError, _expected)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, http)
    for kind in DATABASE:
        app.add_exception_handler(kind, _database)


class InternalError(ProofroomError):
    """The last resort; whoever raises it logs what happened."""

    def __init__(self) -> None:
        super().__init__(
            "The service made a mistake. It has been logged under the id in X-Request-Id.",
            remedy="Try again; if it stays, report it with the request id.",
        )


async def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProofroomError)
    return of(error)


async def http(request: Request, error: Exception) -> Response:
    """What the router itself answers: 404, 405."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = "".join(word.capitalize() for word in status.name.split("_"))
    nowhere = status is HTTPStatus.NOT_FOUND
    refused = status is HTTPStatus.METHOD_NOT_ALLOWED
    return problem(
        status,
        code,
        status.phrase,
        "Nothing is at this address." if nowhere else str(error.detail),
        remedy="/docs describes every call." if nowhere else None,
        headers={"Allow": ", ".join(_methods(request))} if refused else error.headers,
    )


def _methods(request: Request) -> list[str]:
    """What this address takes. The router names the methods of the first route only, and each of ours has one."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    ]


async def _database(_: Request, error: Exception) -> Response:
    return of(of_database(error))


def of_database(error: Exception) -> ProofroomError:
    """What one of `DATABASE` means for whoever asked. It is logged here."""
    state = sqlstate(error)
    if is_outage(error):
        log.warning("database.unavailable", sqlstate=state, error=type(error).__name__)
        return Unavailable(
            "The database cannot be reached or is full.",
            remedy="Try again in a moment.",
            retry_after=RETRY_AFTER_SECONDS,
        )
    if state in _MOVED:
        log.info("database.conflict", sqlstate=state)
        return Conflict("Something this refers to changed meanwhile.", remedy="Read it again and try again.")
    log.error("database.error", sqlstate=state, exc_info=error)
    return InternalError()


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [_field(item["loc"], item, error.body) for item in error.errors()[:SHOWN_ERRORS]]
    first = fields[0]
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid",
        "Invalid request",
        f"{first.parameter or first.pointer or 'The body'}: {first.detail}",
        remedy=CORRECT_FIELDS,
        errors=fields,
    )


def _field(location: Sequence[int | str], item: dict[str, Any], body: object) -> InvalidField:
    where, *path = location
    if item["type"].startswith("union_tag"):
        path.append(item["ctx"]["discriminator"].strip("'"))
    detail = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        detail = "There is no such field."
    if where == "body":
        names_absent = item["type"] == "missing" or item["type"].startswith("union_tag")
        return InvalidField(pointer=_pointer(path, body, names_absent), detail=detail)
    # The name and, in a list, the place; the rest is a union's tags.
    steps = [where, *path[:1], *(step for step in path[1:] if isinstance(step, int))]
    return InvalidField(parameter=".".join(map(str, steps)), detail=detail)


def _pointer(path: Sequence[int | str], body: object, names_absent: bool) -> str:
    """Leaves out the steps that are no part of the body: the tags that a union adds to where an error is.

    `names_absent`: the last step is a field that should be there.
    """
    pointer = ""
    here = body
    for index, step in enumerate(path):
        last = index == len(path) - 1
        if isinstance(here, dict) and isinstance(step, str) and step != "[key]":
            below = here.get(step)
            if (step not in here and not (last and names_absent)) or not (
                last or isinstance(below, dict | list)
            ):
                continue
        elif isinstance(here, list) and isinstance(step, int):
            below = here[step] if step < len(here) else None
        else:
            continue
        pointer += "/" + str(step).replace("~", "~0").replace("/", "~1")
        here = below
    return pointer
