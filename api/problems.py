"""Every error leaves as RFC 9457 `application/problem+json`."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.errors import InvalidToken, ProofroomError

MEDIA_TYPE: Final = "application/problem+json"
CORRECT_FIELDS: Final = "Correct the fields named in `errors`."
REMEDIES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Sign in with POST /v1/auth/login and send Authorization: Bearer ….",
    HTTPStatus.PAYMENT_REQUIRED: "Raise the budget with POST /v1/budgets, or wait for its period to end.",
    HTTPStatus.FORBIDDEN: "Ask an owner of the workspace for the role, or take a key that has the scope.",
    HTTPStatus.NOT_FOUND: "Check the id, and X-Workspace-Id: what is another workspace's is not found, either.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use one of the methods that the Allow header names.",
    HTTPStatus.CONFLICT: "Read it again: it is not in the state that this call needs.",
    HTTPStatus.TOO_MANY_REQUESTS: "Wait as long as Retry-After says.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a moment.",
}
"""For errors that have none of their own."""
_READ_MORE: Final = "/docs describes every call."


class InvalidField(BaseModel):
    """One field that is wrong: `pointer` into the body, or `parameter` outside of it."""

    pointer: str | None = Field(None, description="JSON pointer (RFC 6901) into the request body.")
    parameter: str | None = Field(None, description="`query.…`, `path.…` or `header.…`.")
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details. Some codes add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str = Field(description="Stable name of this kind of error.")
    retryable: bool = Field(description="The same request may succeed later.")
    remedy: str = Field(description="What to do about it.")
    errors: list[InvalidField] | None = None


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    retryable: bool = False,
    remedy: str | None = None,
    errors: Sequence[InvalidField] = (),
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, object] | None = None,
) -> Response:
    body = Problem(
        type=f"urn:proofroom:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        retryable=retryable,
        remedy=remedy or _remedy(status),
        errors=list(errors) or None,
        **(extra or {}),
    )
    return _response(body, headers)


def describe(error: ProofroomError) -> Problem:
    """A pointer that does not begin with `/` names a parameter: `query.cursor`."""
    return Problem(
        type=f"urn:proofroom:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        retryable=error.retryable,
        remedy=error.remedy or (CORRECT_FIELDS if error.errors else _remedy(error.status)),
        errors=[_field(item.pointer, item.detail) for item in error.errors] or None,
        **error.extra,
    )


def _remedy(status: int) -> str:
    return REMEDIES.get(status, _READ_MORE)


def of(error: ProofroomError) -> Response:
    headers = {"WWW-Authenticate": _challenge(error)} if error.status == HTTPStatus.UNAUTHORIZED else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return _response(describe(error), headers)


def _challenge(error: ProofroomError) -> str:
    if isinstance(error, InvalidToken):
        return f'Bearer error="invalid_token", error_description="{error.detail}"'
    return "Bearer"


def _response(body: Problem, headers: Mapping[str, str] | None) -> Response:
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status_code=body.status, headers=headers, media_type=MEDIA_TYPE)


def _field(pointer: str, detail: str) -> InvalidField:
    if pointer and not pointer.startswith("/"):
        return InvalidField(parameter=pointer, detail=detail)
    return InvalidField(pointer=pointer, detail=detail)
