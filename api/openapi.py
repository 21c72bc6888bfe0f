"""The OpenAPI document: what FastAPI derives from the handlers, and what `Route` does around every one of them."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from api.auth import SCHEMES
from api.headers import KEY_HEADER, WORKSPACE_HEADER
from api.limits import OF_THE_OPERATOR
from api.problems import MEDIA_TYPE, Problem
from api.transaction import KEY_PATTERN

Json = dict[str, Any]

_REASONS: Final = {
    HTTPStatus.PAYMENT_REQUIRED: "The workspace's budget does not allow it.",
    HTTPStatus.UNAUTHORIZED: "No valid session or API key.",
    HTTPStatus.FORBIDDEN: "The role is too low, or the key lacks the scope.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or it is somebody else's.",
    HTTPStatus.GONE: "It has expired.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "There are no such bytes.",
    HTTPStatus.CONFLICT: "It is not in a state that allows this.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body or a text in it is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not of the type that this call takes.",
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

_WORKSPACE: Final[Json] = {
    "name": WORKSPACE_HEADER,
    "in": "header",
    "required": False,
    "description": "The workspace to act in; by default the caller's personal one, or the API key's.",
    # Generated clients hand a UUID on as it is, which is no header.
    "schema": {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"},
}
_KEY: Final[Json] = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "The same key and body get the first answer again, for 24 hours.",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
_TAGS: Final = {
    "workflows": "Have a text or a page drafted for platforms, follow what comes of it, read every draft.",
    "reviews": "The inbox: what waits for a person, and the decisions. They hold only for what the person saw.",
    "publishing": "The ledger of what goes out and went out, with every attempt; posts, and taking them back.",
    "events": "What happens, as it happens, as server-sent events that can be taken up again anywhere.",
    "webhooks": "The same, sent to an address of yours.",
    "feeds": "RSS and Atom feeds whose new entries start workflows by a rule.",
    "newsletters": "Mailing lists, who is on them, and what became of each mail.",
    "platforms": "What each platform takes, and what a text would look like to it.",
    "accounts": "The accounts that posts go out with.",
    "library": "What drafts are made with: projects, templates, style samples, the profile.",
    "administration": "Workspaces, members, invitations, API keys, budgets and what was spent.",
    "auth": "Accounts and sessions of people. Programs use API keys.",
    "system": "For whoever operates the service.",
}
_RETRY_AFTER: Final[Json] = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
_RATE: Final[Json] = {
    "RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many are left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {
        "description": "Seconds until they are all there again.",
        "schema": {"type": "integer"},
    },
}
_PROBLEM: Final[Json] = {
    "type": "urn:proofroom:problem:DraftChanged",
    "title": "The draft is not the one you saw",
    "status": 409,
    "detail": "What you saw (text, metadata, images, account or time) is not what waits for a decision now.",
    "code": "DraftChanged",
    "retryable": False,
    "remedy": "Read GET /v1/reviews/01990000-0000-7000-8000-000000000000 again and decide with its seen_hash.",
}


def complete(document: Json) -> None:
    """Adds what every call takes and answers beyond its handler's own, and what readers and generators want; in place."""
    document["servers"] = [{"url": "/", "description": "The service that this document comes from."}]
    document["tags"] = [{"name": name, "description": words} for name, words in _TAGS.items()]
    components = document.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    schemas = components.setdefault("schemas", {})
    model = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs", {}))
    schemas["Problem"] = {**model, "examples": [_PROBLEM]}
    components["headers"] = _RATE
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, method, operation in _operations(document):
        operation["summary"] = (
            operation["operationId"].replace("_", " ").capitalize().replace(" api ", " API ")
        )
        if path not in OF_THE_OPERATOR:
            _complete(method, operation)


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
    for response in operation["responses"].values():
        for name in _RATE:
            response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}


def _problem(responses: Json, status: HTTPStatus) -> None:
    responses[str(int(status))] = {
        "description": _REASONS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        responses[str(int(status))]["headers"] = {"Retry-After": _RETRY_AFTER}


def also(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that can answer further problems."""
    responses: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        found: Json = {}
        _problem(found, status)
        responses[int(status)] = found[str(int(status))]
    return responses
