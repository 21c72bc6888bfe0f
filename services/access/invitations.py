"""Into a workspace by invitation. Only the token's hash is kept; an invitation to an address is for that person alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring, hash_token, new_token
from core.errors import Conflict, FieldError, Invalid
from core.principal import Principal, Role
from models import Invitation, Workspace
from services import pages, rows
from services.access import workspaces


class InvitationUsed(Conflict):
    title = "The invitation has been accepted"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation with its address in the clear."""

    id: UUID
    email: str | None
    role: Role
    invited_by: UUID | None
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


_ACCEPT = text("SELECT workspace_id, role FROM accept_invitation(:hash, :user_id)")


async def create(
    session: AsyncSession,
    keyring: Keyring,
    principal: Principal,
    *,
    email: str | None,
    role: Role,
    hours: int,
) -> tuple[Invited, str]:
    """The invitation and its token, which is not kept."""
    invitation_id, token = uuid7(), new_token()
    invitation = Invitation(
        id=invitation_id,
        workspace_id=principal.workspace_id,
        email=keyring.encrypt(email.encode(), _context(invitation_id)) if email else None,
        email_index=keyring.email_index(email) if email else None,
        role=role,
        token_hash=hash_token(token),
        invited_by=principal.user_id,
        expires_at=func.now() + timedelta(hours=hours),
    )
    session.add(invitation)
    await session.flush()
    await session.refresh(invitation)
    return _show(invitation, keyring), token


async def browse(session: AsyncSession, keyring: Keyring, wanted: pages.Wanted) -> pages.Slice[Invited]:
    columns = Invitation.created_at, Invitation.id
    found = await pages.page(session, select(Invitation), columns, wanted)
    return pages.Slice([_show(row, keyring) for row in found.items], found.next)


async def revoke(session: AsyncSession, invitation_id: UUID) -> None:
    """Once more changes nothing. Raises InvitationUsed: a member is removed, not uninvited."""
    invitation = await rows.find(session, Invitation, invitation_id, "invitation")
    if invitation.accepted_at is not None:
        raise InvitationUsed(
            "Somebody has joined with this invitation.", remedy="Remove that member from the workspace."
        )
    if invitation.revoked_at is None:
        await rows.change(session, invitation, {"revoked_at": func.now()})


async def take(session: AsyncSession, user_id: UUID, token: str, *, pointer: str) -> tuple[UUID, Role]:
    """Make the user a member; who is one already keeps the role. Raises Invalid at `pointer`."""
    found = await session.execute(_ACCEPT, {"hash": hash_token(token), "user_id": user_id})
    joined = found.one_or_none()
    if joined is None:
        detail = "The invitation is unknown, used, expired, revoked, or for another e-mail address."
        raise Invalid(detail, remedy="Ask for a new one.", errors=[FieldError(pointer, detail)])
    return joined.workspace_id, Role(joined.role)


async def accept(session: AsyncSession, principal: Principal, token: str) -> workspaces.Membership:
    """Raises Invalid."""
    workspace_id, role = await take(session, principal.user_id, token, pointer="/token")
    return workspaces.membership(await rows.find(session, Workspace, workspace_id, "workspace"), role)


def _show(row: Invitation, keyring: Keyring) -> Invited:
    return Invited(
        id=row.id,
        email=keyring.decrypt(row.email, _context(row.id)).decode() if row.email else None,
        role=Role(row.role),
        invited_by=row.invited_by,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        created_at=row.created_at,
    )


def _context(invitation_id: UUID) -> str:
    return f"invitations.email:{invitation_id}"
