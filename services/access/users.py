"""What the operator does for people, from the command line: list them, add them, let them in again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring, hash_password
from core.db import Database
from core.errors import NotFound
from core.principal import Principal, Role
from core.settings import Settings
from models import User, UserSession, Workspace, WorkspaceMember
from services.access import identity, sessions


@dataclass(frozen=True, slots=True)
class Listed:
    id: UUID
    username: str
    email: str | None
    created_at: datetime
    last_seen_at: datetime | None


async def browse(db: Database, keyring: Keyring) -> list[Listed]:
    """Everybody, the oldest first."""
    seen = select(func.max(UserSession.last_seen_at)).where(UserSession.user_id == User.id).scalar_subquery()
    statement = select(User.id, User.username, User.email, User.created_at, seen).order_by(User.created_at)
    async with db.service() as session:
        rows = (await session.execute(statement)).all()
    return [Listed(row[0], row[1], _email(keyring, row[0], row[2]), row[3], row[4]) for row in rows]


async def add(
    db: Database, keyring: Keyring, settings: Settings, *, username: str, email: str, password: str | None
) -> str:
    """A token that signs the new user in once. Raises UsernameTaken or EmailTaken."""
    hashed = await hash_password(password) if password is not None else None
    async with db.anonymous() as session:
        user = await identity.add_user(
            session, keyring, settings, username=username, email=email, hashed_password=hashed
        )
        return await sessions.make_link(session, user.user_id)


async def set_password(db: Database, username: str, password: str) -> None:
    """Ends every session of the user. Raises NotFound."""
    hashed = await hash_password(password)
    async with db.service() as session:
        user_id = await _find(session, username)
        await session.execute(update(User).where(User.id == user_id).values(hashed_password=hashed))
        await sessions.sign_out_everywhere(session, user_id)


async def make_link(db: Database, username: str) -> str:
    """A token that signs the user in once. Raises NotFound."""
    async with db.service() as session:
        return await sessions.make_link(session, await _find(session, username))


async def acting(db: Database, username: str, workspace: str | None) -> Principal:
    """The user in a workspace by its slug, or in the personal one. Raises NotFound."""
    statement = (
        select(Workspace.id, WorkspaceMember.role, User.username)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
        .join(User, User.id == WorkspaceMember.user_id)
    )
    async with db.service() as session:
        user_id = await _find(session, username)
        chosen = Workspace.slug == workspace if workspace else Workspace.personal_user_id == user_id
        row = (await session.execute(statement.where(User.id == user_id, chosen))).one_or_none()
    if row is None:
        raise NotFound(f"{username} belongs to no workspace {workspace or 'of their own'}.")
    return Principal(user_id, row[2], row[0], Role(row[1]))


async def _find(session: AsyncSession, username: str) -> UUID:
    user_id = await session.scalar(select(User.id).where(func.lower(User.username) == username.lower()))
    if user_id is None:
        raise NotFound(f"There is no user {username}.", remedy="`proofroom users list` shows all.")
    return user_id


def _email(keyring: Keyring, user_id: UUID, sealed: bytes | None) -> str | None:
    return keyring.decrypt(sealed, identity.email_context(user_id)).decode() if sealed else None
