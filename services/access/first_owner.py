"""`proofroom up` on an empty database: somebody to begin as."""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.db import Database
from core.errors import NotFound, Unauthenticated
from core.principal import Principal, Role, Scope
from core.settings import Settings
from models import ApiKey, SessionKind, User, UserSession, Workspace
from services.access import api_keys, identity, sessions

USERNAME: Final = "owner"
EMAIL: Final = "owner@localhost"
KEY_NAME: Final = "command line"


@dataclass(frozen=True, slots=True)
class FirstOwner:
    username: str
    api_key: str = field(repr=False)
    """With every scope, deciding included; the one handed in where it still holds."""
    link: str | None = field(repr=False)
    """A sign-in link's token, while nobody has signed in as the owner."""


async def ensure_first_owner(
    db: Database, keyring: Keyring, settings: Settings, *, api_key: str | None = None
) -> FirstOwner:
    """Make the first owner if there is no user yet; may be called at every start. For one caller at a time.

    `api_key`: the one that was kept from last time. A new one takes the place of one that is lost.
    """
    owner = await _oldest(db)
    if owner is None:
        async with db.anonymous() as session:
            await identity.add_user(
                session, keyring, settings, username=USERNAME, email=EMAIL, hashed_password=None
            )
        owner = await _oldest(db)
    assert owner is not None
    holds = api_key is not None and await _holds(db, api_key, owner)
    async with db.tenant(owner.workspace_id, owner.user_id) as session:
        kept = api_key if api_key is not None and holds else await _new_key(session, owner)
        met = await _has_signed_in(session, owner)
        token = None if met else await sessions.make_link(session, owner.user_id)
    return FirstOwner(owner.username, kept, token)


async def _oldest(db: Database) -> Principal | None:
    oldest = (
        select(User.id, User.username, Workspace.id)
        .join(Workspace, Workspace.personal_user_id == User.id)
        .order_by(User.created_at, User.id)
        .limit(1)
    )
    async with db.service() as session:
        row = (await session.execute(oldest)).one_or_none()
    return None if row is None else Principal(row[0], row[1], row[2], Role.OWNER)


async def _holds(db: Database, api_key: str, owner: Principal) -> bool:
    try:
        found = await identity.authenticate(db, api_key, owner.workspace_id)
    except (Unauthenticated, NotFound):
        return False
    return found.user_id == owner.user_id and found.scopes == frozenset(Scope)


async def _new_key(session: AsyncSession, owner: Principal) -> str:
    lost = update(ApiKey).where(
        ApiKey.user_id == owner.user_id, ApiKey.name == KEY_NAME, ApiKey.revoked_at.is_(None)
    )
    await session.execute(lost.values(revoked_at=func.now()))
    _, secret = await api_keys.create(session, owner, name=KEY_NAME, scopes=list(Scope), expires_at=None)
    return secret


async def _has_signed_in(session: AsyncSession, owner: Principal) -> bool:
    signed_in = select(UserSession.id).where(
        UserSession.user_id == owner.user_id, UserSession.kind == SessionKind.SESSION
    )
    return await session.scalar(signed_in.limit(1)) is not None
