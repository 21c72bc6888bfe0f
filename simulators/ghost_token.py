"""Ghost's Admin API tokens, checked as Ghost 5.130 checks them."""

import time

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.simulated import ghost_key
from simulators.faults import Refusal

MAX_AGE_SECONDS = 5 * 60


def error(
    status: int, kind: str, message: str, context: str | None = None, code: str | None = None
) -> Response:
    body = {"message": message, "context": context, "type": kind, "details": None, "code": code}
    return JSONResponse({"errors": [body]}, status)


def account_of(request: Request) -> str:
    """The blog in the path, whose key must have signed the token. Raises Refusal."""
    account = str(request.path_params["account"])
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        raise Refusal(error(403, "NoPermissionError", "Authorization failed"))
    if scheme.lower() != "ghost":
        message = 'Authorization header format is "Authorization: Ghost [token]"'
        raise Refusal(error(401, "UnauthorizedError", message, code="INVALID_AUTH_HEADER"))
    key_id, _, secret = ghost_key(account).partition(":")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError as invalid:
        raise Refusal(error(400, "BadRequestError", "Invalid token", code="INVALID_JWT")) from invalid
    if not kid:
        raise Refusal(error(400, "BadRequestError", "Admin API kid missing.", code="MISSING_ADMIN_API_KID"))
    if kid != key_id:
        message = "Unknown Admin API Key"
        raise Refusal(error(401, "UnauthorizedError", message, code="UNKNOWN_ADMIN_API_KEY"))
    try:
        options: jwt.types.Options = {"require": ["iat", "exp"]}
        claims = jwt.decode(token, bytes.fromhex(secret), ["HS256"], options, audience="/admin/")
    except jwt.InvalidTokenError as invalid:
        raise Refusal(
            error(401, "UnauthorizedError", f"Invalid token: {invalid}", code="INVALID_JWT")
        ) from invalid
    if time.time() - claims["iat"] > MAX_AGE_SECONDS:
        message = "Invalid token: maxAge exceeded"
        raise Refusal(error(401, "UnauthorizedError", message, code="INVALID_JWT"))
    return account
