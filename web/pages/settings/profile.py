"""Oneself: name and tone, time zone, password, and where one is signed in."""

from typing import Annotated, Final
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Keys, ProfileWriter, Self, Session, Viewer, Work
from api.pages import Paging
from api.schemas.auth import Password
from api.schemas.library import ProfileName, Tone
from api.sign_ins import prove
from core.errors import FieldError, Invalid
from services.access import identity, passwords, sessions
from services.library import profiles
from web.rendering import CHOSEN_TIMEZONE_COOKIE, page, redirect
from web.route import router as new_router
from web.session import YEAR, set_cookie

router = new_router("/settings")

HERE: Final = "/settings/profile"


class Person(BaseModel):
    name: ProfileName | None = None
    tone_of_voice: Tone | None = None


class NewPassword(BaseModel):
    current: str | None = None
    new: Password


@router.get("")
async def settings(request: Request, _: Viewer) -> Response:
    return redirect(request, HERE)


@router.get("/profile")
async def show(
    request: Request, principal: Self, session: Session, keyring: Keys, paging: Paging
) -> Response:
    return page(
        request,
        "settings/profile.html",
        me=await identity.me(session, keyring, principal),
        profile=await profiles.find(session, principal),
        seats=await sessions.browse(session, keyring, principal, paging),
        zones=sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")),
        chosen_zone=request.cookies.get(CHOSEN_TIMEZONE_COOKIE, ""),
    )


@router.post("/profile")
async def change(
    request: Request, given: Annotated[Person, Form()], principal: ProfileWriter, session: Session
) -> Response:
    profile = await profiles.find(session, principal)
    await profiles.replace(
        session,
        principal,
        name=given.name,
        preferences=profile.preferences,
        tone_of_voice=given.tone_of_voice,
    )
    return redirect(request, HERE, "Saved.")


@router.post("/timezone")
async def choose_timezone(request: Request, _: Viewer, timezone: Annotated[str, Form()] = "") -> Response:
    """Of this browser; none is the device's own."""
    if timezone and timezone not in available_timezones():
        detail = "There is no such time zone."
        raise Invalid(detail, errors=[FieldError("/timezone", detail)])
    response = redirect(request, HERE, "Times are shown in your time zone.")
    if timezone:
        set_cookie(request, response, CHOSEN_TIMEZONE_COOKIE, timezone, YEAR)
    else:
        response.delete_cookie(CHOSEN_TIMEZONE_COOKIE)
    return response


@router.post("/password")
async def change_password(
    request: Request, given: Annotated[NewPassword, Form()], principal: Self, work: Work
) -> Response:
    proved = await prove(request, principal, given.current, given.new)
    await passwords.change(await work.begin(), principal, proved)
    return redirect(request, HERE, "Your password is changed; you are signed out everywhere else.")


@router.post("/sessions/{session_id}/end")
async def end_session(request: Request, session_id: UUID, _: Self, session: Session) -> Response:
    await sessions.revoke(session, session_id)
    return redirect(request, HERE, "That session has ended.")


@router.post("/sessions/end-others")
async def end_other_sessions(request: Request, principal: Self, session: Session) -> Response:
    await sessions.sign_out_elsewhere(session, principal)
    return redirect(request, HERE, "You are signed out everywhere else.")
