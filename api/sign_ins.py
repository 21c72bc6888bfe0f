"""Passwords and invitations that are sent to us: guesses are counted, whoever asks: a program, a page, somebody signed in."""

from uuid import UUID

from starlette.requests import Request

from api.middleware import address
from core.errors import Invalid
from core.principal import Principal
from services.access import identity, passwords, sessions


async def recognise(request: Request, username: str | None, email: str | None, password: str) -> UUID:
    """The user's id. Raises what `sessions.recognise` raises, and TooManySignIns."""
    state = request.app.state
    # Blanks around an address make it no other person's.
    who = f"{username or ''}\n{(email or '').strip()}".casefold()
    with state.limits.guess(who, address(request), sessions.WrongCredentials):
        return await sessions.recognise(
            state.db, state.keyring, username=username, email=email, password=password
        )


async def register(
    request: Request, *, username: str, email: str, password: str, invitation: str | None
) -> identity.Registered:
    """Raises what `identity.register` raises, and TooManySignIns: nobody guesses an invitation, but each try takes the hash
    of a password."""
    state, where = request.app.state, address(request)
    with state.limits.guess(f"invitation from {where}", where, Invalid):
        return await identity.register(
            state.db,
            state.keyring,
            state.settings,
            username=username,
            email=email,
            password=password,
            invitation=invitation,
        )


async def prove(request: Request, principal: Principal, current: str | None, new: str) -> passwords.Proved:
    """Raises what `passwords.prove` raises, and TooManySignIns."""
    state = request.app.state
    who = f"password of {principal.user_id}"
    with state.limits.guess(who, address(request), passwords.WrongPassword):
        return await passwords.prove(state.db, principal, current, new)


def device(request: Request) -> sessions.Device:
    return sessions.Device(request.headers.get("user-agent"), address(request))
