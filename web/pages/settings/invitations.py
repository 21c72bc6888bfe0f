"""Invitations into the workspace, by owners."""

from typing import Annotated
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.addresses import base
from api.deps import Keys, Owner, Session
from api.schemas.auth import Email
from core.principal import Role
from services.access import invitations
from web.pages.settings.workspace import HERE
from web.rendering import is_fragment, page, redirect
from web.route import router as new_router

router = new_router("/settings/invitations")


class Invited(BaseModel):
    email: Email | None = None
    role: Role = Role.REVIEWER
    days: int = Field(7, ge=1, le=30)


@router.post("")
async def create(
    request: Request,
    given: Annotated[Invited, Form()],
    principal: Owner,
    session: Session,
    keyring: Keys,
) -> Response:
    """Shows the link, this once."""
    invitation, token = await invitations.create(
        session, keyring, principal, email=given.email, role=given.role, hours=given.days * 24
    )
    link = f"{base(request)}/register?invitation={token}"
    template = "settings/_invitation.html" if is_fragment(request) else "settings/invitation.html"
    return page(request, template, invitation=invitation, link=link)


@router.post("/{invitation_id}/revoke")
async def revoke(request: Request, invitation_id: UUID, _: Owner, session: Session) -> Response:
    await invitations.revoke(session, invitation_id)
    return redirect(request, HERE, "The invitation no longer works.")
