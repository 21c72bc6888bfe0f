"""Signing in at the issuer that is configured, and coming back."""

from typing import Annotated, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.addresses import base
from api.deps import Db, Keys, SettingsOf
from api.sign_ins import device
from core.errors import NotFound, ProofroomError
from core.oidc import Issuer
from core.settings import Settings
from services.access import external_identity, issuer_sign_in, sessions
from services.access.issuer_sign_in import Attempt, SignInFailed
from web import session
from web.pages import sign_in
from web.route import router as new_router

router = new_router()

COOKIE: Final = "proofroom_oidc"
CALLBACK: Final = "/auth/oidc/callback"
Given = Annotated[str, Query(max_length=4000)]


@router.get("/auth/oidc")
async def begin(
    request: Request,
    settings: SettingsOf,
    keyring: Keys,
    next: sign_in.Next = "",  # noqa: A002 - as everywhere on the web
) -> Response:
    issuer = _issuer(request, settings)
    attempt = Attempt.begin(sign_in.local(next))
    try:
        where = await issuer_sign_in.address(issuer, settings, attempt, base(request) + CALLBACK)
    except ProofroomError as error:
        return sign_in.form(request, settings, error.status, error=error, next=next)
    response = RedirectResponse(where, 303)
    session.set_cookie(request, response, COOKIE, attempt.seal(keyring), issuer_sign_in.SECONDS)
    return response


@router.get(CALLBACK)
async def come_back(
    request: Request,
    db: Db,
    settings: SettingsOf,
    keyring: Keys,
    state: Given = "",
    code: Given = "",
    error: Given = "",
    iss: Given = "",
) -> Response:
    """What else the issuer adds to the address is nothing to us."""
    issuer = _issuer(request, settings)
    try:
        attempt = Attempt.unseal(keyring, request.cookies.get(COOKIE, ""), state)
        if error or not code or iss not in ("", issuer.name):
            raise SignInFailed(
                "The issuer did not let you in.", remedy="Try again, or sign in with a password."
            )
        callback = base(request) + CALLBACK
        claims = await issuer_sign_in.claims(issuer, settings, attempt, callback, code)
        person = await external_identity.recognise(db, keyring, settings, issuer, claims, None)
    except ProofroomError as refused:
        return sign_in.form(request, settings, refused.status, error=refused)
    token = await sessions.start(db, keyring, settings, person.user_id, device(request))
    response = sign_in.enter(request, token, attempt.next)
    response.delete_cookie(COOKIE)
    return response


def _issuer(request: Request, settings: Settings) -> Issuer:
    issuer: Issuer | None = request.app.state.issuer
    if issuer is None or settings.oidc_client_id is None:
        raise NotFound("Signing in elsewhere is not set up here.", remedy="Set PROOFROOM_OIDC_CLIENT_ID.")
    return issuer
