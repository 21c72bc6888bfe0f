"""Who is asking, and what a call requires of them."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from starlette.requests import HTTPConnection, Request

from api.headers import VIA_HEADER, WORKSPACE_HEADER
from core.db import Database
from core.errors import FieldError, Invalid, Unauthenticated
from core.oidc import looks_like_token
from core.principal import Principal, Role, Scope, Via
from services.access import external_identity, identity

SESSION_COOKIE: Final = "proofroom_session"
"""Where pages keep their session. The API itself takes no cookies."""

SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A session's token, an API key (`prk_…`), or a token of the issuer that is configured.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "An API key, as LangGraph's SDK sends it.",
    },
}
"""How a caller says who it is, in OpenAPI's words."""


class Requires:
    """The parameter `Annotated[Principal, Requires(role, scope)]` of a handler guards its route. A key needs one of the scopes.

    `Route` finds it and refuses whoever falls short before the body is read.
    """

    def __init__(self, role: Role, *scopes: Scope) -> None:
        self.role = role
        self.scopes = scopes

    async def __call__(self, request: Request) -> Principal:
        principal: Principal = request.state.principal
        return principal


def credential(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return connection.headers.get("x-api-key") or None


async def authenticate(request: Request, db: Database) -> Principal:
    """Raises Unauthenticated, or NotFound for a workspace that is not the caller's."""
    token = credential(request)
    if token is None:
        raise Unauthenticated(
            "This call needs a session token or an API key.",
            remedy="Sign in with POST /v1/auth/login and send Authorization: Bearer ….",
        )
    principal = await _principal(request, db, token)
    via = _via(request)
    return replace(principal, via=via) if via else principal


async def _principal(request: Request, db: Database, token: str) -> Principal:
    state = request.app.state
    if state.issuer is not None and looks_like_token(token):
        return await external_identity.authenticate(
            db, state.keyring, state.settings, state.issuer, token, _workspace(request)
        )
    return await identity.authenticate(db, token, _workspace(request))


def _workspace(request: Request) -> UUID | None:
    """A call about a workspace acts in it; any other in the one that the header names."""
    wanted = request.path_params.get("workspace_id") or request.headers.get(WORKSPACE_HEADER)
    if wanted is None:
        return None
    try:
        return UUID(wanted)
    except ValueError:
        where = "path.workspace_id" if "workspace_id" in request.path_params else f"header.{WORKSPACE_HEADER}"
        raise Invalid(
            "This is not a workspace's id.", errors=[FieldError(where, "This is not a UUID.")]
        ) from None


def _via(request: Request) -> Via | None:
    given = request.headers.get(VIA_HEADER)
    if given is None:
        return None
    try:
        return Via(given)
    except ValueError:
        detail = f"Send one of these, or leave it out: {', '.join(Via)}."
        raise Invalid(
            "This is nothing to act through.", errors=[FieldError(f"header.{VIA_HEADER}", detail)]
        ) from None
