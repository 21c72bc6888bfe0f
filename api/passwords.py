"""Guesses at somebody's current password are counted, as those at the door are."""

from starlette.requests import Request

from api.middleware import address
from core.principal import Principal
from services.access import passwords


async def prove(request: Request, principal: Principal, current: str | None, new: str) -> passwords.Proved:
    """Raises what `services.access.passwords.prove` raises, and TooManySignIns."""
    state = request.app.state
    who = f"password of {principal.user_id}"
    state.limits.check_sign_in(who, address(request))
    try:
        return await passwords.prove(state.db, principal, current, new)
    except passwords.WrongPassword:
        state.limits.sign_in_failed(who, address(request))
        raise
