from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Path
from starlette.requests import Request

from api import sign_ins
from api.deps import Db, Keys, Self, Session, SettingsOf, Viewer, Work
from api.openapi import also
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.auth import LoginIn, MeOut, PasswordIn, RegisteredOut, RegisterIn, SessionOut, TokenOut
from api.sign_ins import device, prove, recognise
from services.access import identity, passwords, sessions

router = new_router("/v1", "auth")

LinkToken = Annotated[str, Path(min_length=1, max_length=200)]


@router.post("/auth/register", status_code=201, responses=also(HTTPStatus.FORBIDDEN))
async def register(
    body: RegisterIn, db: Db, settings: SettingsOf, keyring: Keys, request: Request
) -> RegisteredOut:
    """Makes the user with a personal workspace and signs in."""
    user = await sign_ins.register(
        request,
        username=body.username,
        email=body.email,
        password=body.password,
        invitation=body.invitation,
    )
    token = await sessions.start(db, keyring, settings, user.user_id, device(request))
    return RegisteredOut(
        access_token=token.secret,
        expires_in=token.expires_in,
        user_id=user.user_id,
        username=user.username,
        workspace_id=user.workspace_id,
    )


@router.post("/auth/login", responses=also(HTTPStatus.UNAUTHORIZED))
async def login(body: LoginIn, db: Db, settings: SettingsOf, keyring: Keys, request: Request) -> TokenOut:
    """By username, by e-mail address, or by both, which must then be one person's."""
    user_id = await recognise(request, body.username, body.email, body.password)
    return _token(await sessions.start(db, keyring, settings, user_id, device(request)))


@router.post("/auth/link/{token}", responses=also(HTTPStatus.NOT_FOUND))
async def use_link(
    token: LinkToken, db: Db, settings: SettingsOf, keyring: Keys, request: Request
) -> TokenOut:
    """Signs in with a link that was made for somebody. It works once."""
    return _token(await sessions.redeem(db, keyring, settings, token, device(request)))


@router.post("/auth/logout", status_code=204)
async def logout(principal: Self, session: Session) -> None:
    """Ends the session that asks. An API key is revoked with DELETE /v1/api-keys/{id}."""
    await sessions.sign_out(session, principal)


@router.post("/auth/password", status_code=204)
async def change_password(body: PasswordIn, principal: Self, work: Work, request: Request) -> None:
    """Changes the caller's own, or sets the first one; all other sessions end."""
    proved = await prove(request, principal, body.current, body.new)
    await passwords.change(await work.begin(), principal, proved)


@router.get("/me")
async def get_me(principal: Viewer, session: Session, keyring: Keys) -> MeOut:
    return MeOut.model_validate(await identity.me(session, keyring, principal))


@router.get("/sessions")
async def list_sessions(principal: Self, session: Session, keyring: Keys, paging: Paging) -> Page[SessionOut]:
    """The caller's that can be used."""
    found = await sessions.browse(session, keyring, principal, paging)
    return Page[SessionOut].of(found, SessionOut.model_validate)


@router.delete("/sessions", status_code=204)
async def revoke_other_sessions(principal: Self, session: Session) -> None:
    """All but the one that asks; sign-in links that wait to be used, too."""
    await sessions.sign_out_elsewhere(session, principal)


@router.delete("/sessions/{session_id}", status_code=204)
async def revoke_session(session_id: UUID, _: Self, session: Session) -> None:
    await sessions.revoke(session, session_id)


def _token(token: sessions.Token) -> TokenOut:
    return TokenOut(access_token=token.secret, expires_in=token.expires_in)
