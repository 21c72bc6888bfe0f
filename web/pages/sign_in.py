"""The way in and out: the form at `/`, the one-time link, registration."""

import re
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Form, Path, Query
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api import sign_ins
from api.deps import Db, Keys, Self, Session, SettingsOf
from api.schemas.auth import RegisterIn
from api.sign_ins import device, recognise
from core.errors import Conflict, Invalid, ProofroomError, RateLimitExceeded, Unauthenticated
from core.settings import Registration, Settings
from services.access import identity, sessions
from web import session
from web.rendering import page, redirect
from web.route import authenticate
from web.route import router as new_router

router = new_router()

HOME: Final = "/inbox"
_PREFETCH: Final = ("sec-purpose", "purpose", "x-moz")
Next = Annotated[str, Query(max_length=2000)]


class Credentials(BaseModel):
    username: str = ""
    password: str = ""
    next: str = ""


class NewUser(BaseModel):
    username: str = ""
    email: str = ""
    password: str = ""
    invitation: str = ""


@router.get("/")
async def sign_in_page(request: Request, settings: SettingsOf, next: Next = "") -> Response:  # noqa: A002 - as everywhere on the web
    try:
        await authenticate(request)
    except Unauthenticated:
        session.end(request)
        response = form(request, settings, next=next)
        session.sign_out(response)
        return response
    return redirect(request, local(next))


@router.post("/")
async def sign_in(
    request: Request, given: Annotated[Credentials, Form()], db: Db, settings: SettingsOf, keyring: Keys
) -> Response:
    """By username or e-mail address."""
    name, mail = (None, given.username) if "@" in given.username else (given.username, None)
    try:
        user_id = await recognise(request, name, mail, given.password)
    except (sessions.WrongCredentials, RateLimitExceeded) as error:
        return form(request, settings, error.status, error=error, username=given.username, next=given.next)
    token = await sessions.start(db, keyring, settings, user_id, device(request))
    return enter(request, token, local(given.next))


@router.get("/auth/link/{token}")
async def open_link(
    request: Request,
    token: Annotated[str, Path(max_length=200)],
    db: Db,
    settings: SettingsOf,
    keyring: Keys,
) -> Response:
    """Signs in once. A mere prefetch does not use it up."""
    if any("prefetch" in request.headers.get(name, "").lower() for name in _PREFETCH):
        raise Conflict("This link signs in once; it is not for fetching ahead.")
    try:
        started = await sessions.redeem(db, keyring, settings, token, device(request))
    except sessions.LinkSpent as error:
        return form(request, settings, error.status, error=error)
    return enter(request, started, HOME)


@router.post("/sign-out")
async def sign_out(request: Request, principal: Self, work: Session) -> Response:
    await sessions.sign_out(work, principal)
    response = redirect(request, "/", "You are signed out.")
    session.sign_out(response)
    return response


@router.get("/register")
async def registration_page(
    request: Request, settings: SettingsOf, invitation: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Who is signed in joins with the invitation."""
    if invitation and session.token(request):
        return redirect(request, f"/settings/workspace?invitation={quote(invitation)}")
    return _registration(request, settings, given=NewUser(invitation=invitation))


@router.post("/register")
async def register(
    request: Request, given: Annotated[NewUser, Form()], db: Db, settings: SettingsOf, keyring: Keys
) -> Response:
    """Signs in whom it registers."""
    try:
        wanted = RegisterIn(**given.model_dump(exclude={"invitation"}), invitation=given.invitation or None)
        made = await sign_ins.register(request, **wanted.model_dump())
    except ValidationError as error:
        return _registration(request, settings, HTTPStatus.UNPROCESSABLE_ENTITY, given, _words(error))
    except (Conflict, Invalid, RateLimitExceeded, identity.RegistrationClosed) as error:
        return _registration(request, settings, error.status, given, [error.detail])
    token = await sessions.start(db, keyring, settings, made.user_id, device(request))
    return enter(request, token, HOME)


def local(where: str) -> str:
    """An address of our own, whatever was asked for: browsers take any two slashes for the way to another host, and leave
    out what is not printable."""
    path = re.split("[?#]", where, maxsplit=1)[0]
    ours = re.match(r"/(?![/\\])", where) is not None and where.isprintable()
    return where if ours and path != "/" else HOME


def enter(request: Request, token: sessions.Token, where: str) -> Response:
    response = redirect(request, where)
    session.sign_in(request, response, token.secret, token.expires_in)
    return response


def form(
    request: Request,
    settings: Settings,
    status: int = HTTPStatus.OK,
    *,
    error: ProofroomError | None = None,
    username: str = "",
    next: str = "",  # noqa: A002
) -> Response:
    register = settings.open_registration is not Registration.CLOSED
    return page(
        request,
        "sign_in/page.html",
        status,
        error=error,
        username=username,
        next=next,
        register=register,
        issuer=urlsplit(settings.oidc_issuer).hostname
        if settings.oidc_issuer and settings.oidc_client_id
        else None,
    )


def _registration(
    request: Request,
    settings: Settings,
    status: int = HTTPStatus.OK,
    given: NewUser | None = None,
    problems: list[str] | None = None,
) -> Response:
    return page(
        request,
        "sign_in/register.html",
        status,
        policy=settings.open_registration,
        given=given or NewUser(),
        problems=problems or [],
    )


def _words(error: ValidationError) -> list[str]:
    return [
        f"{str(each['loc'][-1]).capitalize() + ': ' if each['loc'] else ''}{each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()
    ]
