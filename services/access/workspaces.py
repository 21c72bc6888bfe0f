"""Workspaces: what belongs together and who may see it."""

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring
from core.errors import Conflict
from core.principal import Principal, Role
from core.settings import Settings
from models import Workspace, WorkspaceMember
from services import pages, rows, standing
from services.delivery import accounts

Furnish = Callable[[AsyncSession, Settings, Keyring, UUID, UUID, str], Awaitable[None]]
"""(session, settings, keyring, workspace_id, user_id, username): writes into the new workspace, in the making transaction."""

FURNISHINGS: Final[tuple[Furnish, ...]] = (accounts.give_simulated,)
"""What every new workspace begins with; called in this order."""

_CREATE = text("SELECT create_workspace(:id, :name, :slug)")


class PersonalWorkspace(Conflict):
    title = "A personal workspace stays"


class SlugTaken(Conflict):
    title = "There is a workspace of this slug"


@dataclass(frozen=True, slots=True)
class Membership:
    """A workspace as one of its members sees it."""

    id: UUID
    name: str
    slug: str
    personal: bool
    role: Role
    created_at: datetime


async def browse(
    session: AsyncSession, principal: Principal, wanted: pages.Wanted
) -> pages.Slice[Membership]:
    """The caller's; a key sees its own only."""
    statement = (
        select(Workspace, WorkspaceMember.role)
        .join(WorkspaceMember, WorkspaceMember.workspace_id == Workspace.id)
        .where(WorkspaceMember.user_id == principal.user_id)
    )
    if principal.scopes is not None:
        statement = statement.where(Workspace.id == principal.workspace_id)
    columns = Workspace.created_at, Workspace.id
    statement = pages.keyset(statement, columns, goes_on=wanted.after is not None)
    found = (await session.execute(statement, pages.parameters(wanted))).all()
    memberships = [membership(workspace, role) for workspace, role in found]
    return pages.cut(memberships, wanted, lambda row: pages.Position(row.created_at, row.id))


async def create(
    session: AsyncSession, settings: Settings, keyring: Keyring, principal: Principal, *, name: str
) -> Membership:
    """The caller becomes its owner."""
    workspace_id = uuid7()
    await session.execute(_CREATE, {"id": workspace_id, "name": name, "slug": new_slug(name)})
    async with standing.inside(session, workspace_id):
        await furnish(session, settings, keyring, workspace_id, principal.user_id, principal.username)
    return membership(await rows.find(session, Workspace, workspace_id, "workspace"), Role.OWNER)


async def furnish(
    session: AsyncSession,
    settings: Settings,
    keyring: Keyring,
    workspace_id: UUID,
    user_id: UUID,
    username: str,
) -> None:
    """The session must act in the new workspace."""
    for furnishing in FURNISHINGS:
        await furnishing(session, settings, keyring, workspace_id, user_id, username)


def new_slug(name: str) -> str:
    """Readable, and with enough chance in it that it is free."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].rstrip("-")
    return f"{words or 'workspace'}-{secrets.token_hex(4)}"


async def find(session: AsyncSession, principal: Principal) -> Membership:
    """The one that the call is about."""
    return membership(await _current(session, principal), principal.role)


async def change(session: AsyncSession, principal: Principal, changes: Mapping[str, object]) -> Membership:
    """Raises SlugTaken."""
    workspace = await _current(session, principal)
    try:
        await rows.change(session, workspace, changes)
    except IntegrityError as error:
        if rows.broken(error) != "uq_workspaces_slug":
            raise
        raise SlugTaken("Another workspace has this slug.", remedy="Choose another.") from None
    return membership(workspace, principal.role)


async def delete(session: AsyncSession, principal: Principal) -> None:
    """With everything in it. Raises PersonalWorkspace."""
    workspace = await _current(session, principal)
    if workspace.personal_user_id is not None:
        raise PersonalWorkspace("A personal workspace lasts as long as its user.")
    await session.delete(workspace)
    await session.flush()


async def _current(session: AsyncSession, principal: Principal) -> Workspace:
    return await rows.find(session, Workspace, principal.workspace_id, "workspace")


def membership(workspace: Workspace, role: Role | str) -> Membership:
    return Membership(
        id=workspace.id,
        name=workspace.name,
        slug=workspace.slug,
        personal=workspace.personal_user_id is not None,
        role=Role(role),
        created_at=workspace.created_at,
    )
