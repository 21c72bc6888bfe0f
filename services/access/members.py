"""Who belongs to a workspace, and as what. A workspace never loses its last owner."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, NotFound
from core.principal import Principal, Role, Scope
from models import WorkspaceMember
from services import pages
from services.access import people


class LastOwner(Conflict):
    title = "A workspace needs an owner"


@dataclass(frozen=True, slots=True)
class Member:
    user_id: UUID
    username: str
    display_name: str | None
    role: Role
    created_at: datetime


async def browse(session: AsyncSession, principal: Principal, wanted: pages.Wanted) -> pages.Slice[Member]:
    named = func.workspace_people().table_valued("user_id", "username", "display_name")
    statement = (
        select(WorkspaceMember, named.c.username, named.c.display_name)
        .join(named, named.c.user_id == WorkspaceMember.user_id)
        .where(WorkspaceMember.workspace_id == principal.workspace_id)
    )
    columns = WorkspaceMember.created_at, WorkspaceMember.user_id
    statement = pages.keyset(statement, columns, goes_on=wanted.after is not None)
    found = (await session.execute(statement, pages.parameters(wanted))).all()
    members = [_member(row, people.Person(row.user_id, *names)) for row, *names in found]
    return pages.cut(members, wanted, lambda row: pages.Position(row.created_at, row.user_id))


async def change_role(session: AsyncSession, principal: Principal, user_id: UUID, role: Role) -> Member:
    """Raises LastOwner."""
    member = await _locked(session, principal, user_id)
    if member.role is Role.OWNER and role is not Role.OWNER:
        await _keep_an_owner(session, principal, user_id)
    member.role = role
    await session.flush()
    return _member(member, (await people.of_workspace(session))[user_id])


async def remove(session: AsyncSession, principal: Principal, user_id: UUID) -> None:
    """Owners remove anybody, everybody may leave. Raises LastOwner."""
    if user_id != principal.user_id:
        principal.require(Role.OWNER, Scope.ADMIN)
    member = await _locked(session, principal, user_id)
    if member.role is Role.OWNER:
        await _keep_an_owner(session, principal, user_id)
    await session.delete(member)
    await session.flush()


async def _locked(session: AsyncSession, principal: Principal, user_id: UUID) -> WorkspaceMember:
    """All owners' rows are locked first, in one order: two owners who remove each other come one after the other."""
    of_workspace = select(WorkspaceMember).where(WorkspaceMember.workspace_id == principal.workspace_id)
    owners = of_workspace.where(WorkspaceMember.role == Role.OWNER).order_by(WorkspaceMember.user_id)
    await session.execute(owners.with_for_update())
    member = await session.scalar(of_workspace.where(WorkspaceMember.user_id == user_id).with_for_update())
    if member is None:
        raise NotFound("There is no such member.")
    return member


async def _keep_an_owner(session: AsyncSession, principal: Principal, leaving: UUID) -> None:
    others = select(WorkspaceMember.user_id).where(
        WorkspaceMember.workspace_id == principal.workspace_id,
        WorkspaceMember.role == Role.OWNER,
        WorkspaceMember.user_id != leaving,
    )
    if await session.scalar(others.limit(1)) is None:
        raise LastOwner("This is the workspace's last owner.", remedy="Make somebody else an owner first.")


def _member(row: WorkspaceMember, person: people.Person) -> Member:
    return Member(row.user_id, person.username, person.display_name, Role(row.role), row.created_at)
