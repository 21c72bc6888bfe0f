"""The OpenAPI document: what FastAPI derives from the handlers, and what `Route` does around every one of them."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from api.auth import SCHEMES
from api.headers import KEY_HEADER, WORKSPACE_HEADER
from api.problems import MEDIA_TYPE, Problem
from api.transaction import KEY_PATTERN

Json = dict[str, Any]

_REASONS: Final = {
    HTTPStatus.PAYMENT_REQUIRED: "The workspace's budget does not allow it.",
    HTTPStatus.UNAUTHORIZED: "No valid session or API key.",
    HTTPStatus.FORBIDDEN: "The role is too low, or the key lacks the scope.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or it is somebody else's.",
    HTTPStatus.CONFLICT: "It is not in a state that allows this.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body or a text in it is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not JSON.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request is invalid; `errors` names the fields.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The service made a mistake.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database cannot be reached or is full.",
}
_ALWAYS: Final = (
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_SECURED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_WITH_BODY: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_UNLIMITED: Final = ("/healthz", "/readyz", "/metrics")

_WORKSPACE: Final[Json] = {
    "name": WORKSPACE_HEADER,
    "in": "header",
    "required": False,
    "description": "The workspace to act in; by default the caller's personal one, or the API key's.",
    "schema": {"type": "string", "format": "uuid"},
}
_KEY: Final[Json] = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "The same key and body get the first answer again, for 24 hours.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}


def complete(document: Json) -> Json:
    """Adds the parameters that every call takes and the problems that it can answer; in place."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    model = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs", {}))
    schemas["Problem"] = model
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, method, operation in _operations(document):
        if path not in _UNLIMITED:
            _complete(method, operation)
    return document


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _complete(method: str, operation: Json) -> None:
    secured = bool(operation.get("security"))
    statuses = [*_ALWAYS]
    parameters = operation.setdefault("parameters", [])
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if secured:
        statuses += _SECURED
        parameters.append(_WORKSPACE)
    if method != "get":
        statuses.append(HTTPStatus.CONFLICT)
        if secured:
            parameters.append(_KEY)
    for status in statuses:
        _problem(operation["responses"], status)


def _problem(responses: Json, status: HTTPStatus) -> None:
    responses[str(int(status))] = {
        "description": _REASONS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def also(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that can answer further problems."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found: Json = {}
        _problem(found, status)
        responses[int(status)] = found[str(int(status))]
    return responses
