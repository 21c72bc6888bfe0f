"""Signing in and out, and where somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring, hash_password, hash_token, new_token, outdated, verify_password
from core.db import Database
from core.errors import Conflict, NotFound, Unauthenticated
from core.principal import Principal
from core.settings import Settings
from models import SessionKind, User, UserSession
from services import pages, rows, standing

LINK_LIFETIME = timedelta(hours=1)


class WrongCredentials(Unauthenticated):
    title = "Wrong name or password"


class LinkSpent(NotFound):
    title = "The link does not work"


class NotASession(Conflict):
    title = "There is no session to end"


@dataclass(frozen=True, slots=True)
class Device:
    """What a session remembers of where it was started."""

    user_agent: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    secret: str
    expires_in: int
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A session as its owner sees it."""

    id: UUID
    kind: SessionKind
    user_agent: str | None
    ip: str | None
    current: bool
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime


_FIND = text("SELECT user_id, hashed_password FROM find_sign_in(:username, :email_index)")
_TAKE_LINK = text("SELECT user_id FROM take_link(:hash)")


async def recognise(
    db: Database, keyring: Keyring, *, username: str | None, email: str | None, password: str
) -> UUID:
    """The user of these credentials. Takes as long for nobody as for somebody. Raises WrongCredentials."""
    wanted = {"username": username, "email_index": keyring.email_index(email) if email else None}
    async with db.anonymous() as session:
        user = (await session.execute(_FIND, wanted)).one_or_none()
    if not await verify_password(user.hashed_password if user else None, password) or user is None:
        raise WrongCredentials(
            "The name, the address or the password is wrong.",
            remedy="Check them. Whoever runs this service can let you set a new one: `proofroom users reset-password`.",
        )
    if outdated(user.hashed_password):
        hashed = await hash_password(password)
        async with db.anonymous() as session:
            await standing.become(session, user.user_id, None)
            await session.execute(update(User).where(User.id == user.user_id).values(hashed_password=hashed))
    found: UUID = user.user_id
    return found


async def start(db: Database, keyring: Keyring, settings: Settings, user_id: UUID, device: Device) -> Token:
    async with db.anonymous() as session:
        return await _start(session, keyring, settings, user_id, device)


async def redeem(db: Database, keyring: Keyring, settings: Settings, link: str, device: Device) -> Token:
    """Sign in with a link. Raises LinkSpent."""
    async with db.anonymous() as session:
        user_id = await session.scalar(_TAKE_LINK, {"hash": hash_token(link)})
        if user_id is None:
            raise LinkSpent(
                "The link is unknown, used, or too old.", remedy="Make another with `proofroom users link`."
            )
        return await _start(session, keyring, settings, user_id, device)


async def make_link(session: AsyncSession, user_id: UUID) -> str:
    """A link's token; earlier links of the user stop working. In a session that may write this user's rows."""
    earlier = update(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.kind == SessionKind.LINK,
        UserSession.revoked_at.is_(None),
    )
    await session.execute(earlier.values(revoked_at=func.now()))
    token = new_token()
    link = UserSession(
        user_id=user_id,
        kind=SessionKind.LINK,
        token_hash=hash_token(token),
        expires_at=func.now() + LINK_LIFETIME,
    )
    session.add(link)
    await session.flush()
    return token


async def sign_out(session: AsyncSession, principal: Principal) -> None:
    """Raises NotASession for an API key, and for a token of an issuer elsewhere."""
    if principal.scopes is not None or principal.credential_id is None:
        raise NotASession(
            "An API key or an issuer's token has no session here.",
            remedy="Revoke the key with DELETE /v1/api-keys/{id}; sign out at the issuer.",
        )
    await revoke(session, principal.credential_id)


async def sign_out_everywhere(session: AsyncSession, user_id: UUID) -> None:
    everywhere = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    await session.execute(everywhere.values(revoked_at=func.now()))


async def sign_out_elsewhere(session: AsyncSession, principal: Principal) -> None:
    """Everywhere but here; unused sign-in links end, too."""
    elsewhere = update(UserSession).where(
        UserSession.user_id == principal.user_id,
        UserSession.id.is_distinct_from(principal.credential_id),
        UserSession.revoked_at.is_(None),
    )
    await session.execute(elsewhere.values(revoked_at=func.now()))


async def browse(
    session: AsyncSession, keyring: Keyring, principal: Principal, wanted: pages.Wanted
) -> pages.Slice[Seat]:
    """The caller's that can still be used, unused sign-in links among them."""
    alive = select(UserSession).where(
        UserSession.user_id == principal.user_id,
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > func.now(),
    )
    found = await pages.page(session, alive, (UserSession.created_at, UserSession.id), wanted)
    return pages.Slice([_seat(row, keyring, principal) for row in found.items], found.next)


async def revoke(session: AsyncSession, session_id: UUID) -> None:
    """At once; once more changes nothing."""
    found = await rows.find(session, UserSession, session_id, "session")
    if found.revoked_at is None:
        await rows.change(session, found, {"revoked_at": func.now()})


async def _start(
    session: AsyncSession, keyring: Keyring, settings: Settings, user_id: UUID, device: Device
) -> Token:
    await standing.become(session, user_id, None)
    session_id, token = uuid7(), new_token()
    lifetime = timedelta(hours=settings.session_hours)
    ip = keyring.encrypt(device.address.encode(), _context(session_id)) if device.address else None
    started = UserSession(
        id=session_id,
        user_id=user_id,
        token_hash=hash_token(token),
        user_agent=device.user_agent[:500] if device.user_agent else None,
        ip=ip,
        expires_at=func.now() + lifetime,
    )
    session.add(started)
    await session.flush()
    return Token(token, int(lifetime.total_seconds()))


def _seat(row: UserSession, keyring: Keyring, principal: Principal) -> Seat:
    return Seat(
        id=row.id,
        kind=SessionKind(row.kind),
        user_agent=row.user_agent,
        ip=keyring.decrypt(row.ip, _context(row.id)).decode() if row.ip else None,
        current=row.id == principal.credential_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )


def _context(session_id: UUID) -> str:
    return f"user_sessions.ip:{session_id}"
