"""One's own password: changed by who knows it, set by who came in without one."""

from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import hash_password, verify_password
from core.db import Database
from core.errors import Conflict, FieldError, Forbidden, Invalid
from core.principal import Principal
from models import User
from services.access import sessions


class WrongPassword(Invalid):
    title = "The current password is wrong"


@dataclass(frozen=True, slots=True)
class Proved:
    """The caller may have the new password. Made with no transaction open: hashing takes its time."""

    before: str | None = field(repr=False)
    hashed: str = field(repr=False)


async def prove(db: Database, principal: Principal, current: str | None, new: str) -> Proved:
    """Raises Forbidden for an API key, WrongPassword, and Invalid for a password that is the username."""
    if principal.scopes is not None:
        raise Forbidden("An API key has no password.", remedy="Sign in as a person.")
    if new.casefold() == principal.username.casefold():
        detail = "The password must not be the username."
        raise Invalid(detail, errors=[FieldError("/new", detail)])
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        before = await session.scalar(select(User.hashed_password).where(User.id == principal.user_id))
    if before is not None and not await verify_password(before, current or ""):
        detail = "This is not your password."
        raise WrongPassword(
            detail,
            remedy="Whoever runs this service can let you set a new one: `proofroom users reset-password`.",
            errors=[FieldError("/current", detail)],
        )
    return Proved(before, await hash_password(new))


async def change(session: AsyncSession, principal: Principal, proved: Proved) -> None:
    """Ends every other session of the user. Raises Conflict when somebody else was faster."""
    unchanged = User.hashed_password.is_not_distinct_from(proved.before)
    own = update(User).where(User.id == principal.user_id, unchanged).returning(User.id)
    if await session.scalar(own.values(hashed_password=proved.hashed)) is None:
        raise Conflict("The password was changed meanwhile.", remedy="Sign in again.")
    await sessions.sign_out_elsewhere(session, principal)
