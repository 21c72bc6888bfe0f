"""Who is looking at a page: cookies, and the token that every form carries.

The session cookie is sent along from other sites' links, never with their forms (SameSite=Lax), and no form is taken
without a token that only our own pages know.
"""

import hashlib
import hmac
import secrets
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.auth import SESSION_COOKIE
from core.crypto import new_token
from core.errors import Forbidden

VISITOR_COOKIE: Final = "proofroom_visitor"
"""Stands in for the session where nobody is signed in."""
WORKSPACE_COOKIE: Final = "proofroom_workspace"
CSRF_FIELD: Final = "csrf_token"
CSRF_HEADER: Final = "X-CSRF-Token"
YEAR: Final = 365 * 86400
_SIZE: Final = hashlib.sha256().digest_size


class FormExpired(Forbidden):
    title = "This form is no longer valid"


def token(request: Request) -> str | None:
    """The session's."""
    return None if hasattr(request.state, "ended") else request.cookies.get(SESSION_COOKIE) or None


def end(request: Request) -> None:
    """Take this browser for nobody's from here on: what is rendered must not rest on a cookie that is about to go."""
    request.state.ended = True


def workspace(request: Request) -> UUID | None:
    """The one that was chosen last; None is the personal one."""
    try:
        return UUID(request.cookies.get(WORKSPACE_COOKIE, ""))
    except ValueError:
        return None


def csrf_token(request: Request) -> str:
    """Of this session or, where there is none, of this browser: `remember_visitor` gives it what it is made from.

    Another one each time, so that nobody learns it from how well a page packs (BREACH): a pad, and the token under it.
    """
    pad = secrets.token_bytes(_SIZE)
    return (pad + _under(pad, _derive(token(request) or _visitor(request)))).hex()


def check_csrf(request: Request, given: str | None) -> None:
    """Raises FormExpired."""
    secret = token(request) or request.cookies.get(VISITOR_COOKIE)
    if not secret or not hmac.compare_digest(_derive(secret), _unpadded(given or "")):
        raise FormExpired(
            "It was opened in another session, or cookies are switched off.",
            remedy="Reload the page and send it again.",
        )


def remember_visitor(request: Request, response: Response) -> None:
    if token(request) is None and VISITOR_COOKIE not in request.cookies:
        set_cookie(request, response, VISITOR_COOKIE, _visitor(request))


def sign_in(request: Request, response: Response, secret: str, seconds: int) -> None:
    set_cookie(request, response, SESSION_COOKIE, secret, seconds)
    for name in (VISITOR_COOKIE, WORKSPACE_COOKIE):
        response.delete_cookie(name)


def sign_out(response: Response) -> None:
    for name in (SESSION_COOKIE, WORKSPACE_COOKIE):
        response.delete_cookie(name)


def choose_workspace(request: Request, response: Response, workspace_id: UUID) -> None:
    set_cookie(request, response, WORKSPACE_COOKIE, str(workspace_id), YEAR)


def set_cookie(
    request: Request, response: Response, name: str, value: str, seconds: int | None = None
) -> None:
    """Gone with the browser's session where `seconds` is None."""
    public = request.app.state.settings.public_url
    secure = request.url.scheme == "https" or (public is not None and public.scheme == "https")
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _visitor(request: Request) -> str:
    if not hasattr(request.state, "visitor"):
        request.state.visitor = request.cookies.get(VISITOR_COOKIE) or new_token()
    visitor: str = request.state.visitor
    return visitor


def _derive(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).digest()


def _unpadded(given: str) -> bytes:
    try:
        sent = bytes.fromhex(given)
    except ValueError:
        return b""
    return _under(sent[:_SIZE], sent[_SIZE:])


def _under(pad: bytes, value: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(pad, value, strict=False))
