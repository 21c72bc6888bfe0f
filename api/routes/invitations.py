from uuid import UUID

from api.deps import Keys, Owner, Self, Session
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.administration import (
    InvitationIn,
    InvitationMade,
    InvitationOut,
    InvitationToken,
    WorkspaceOut,
)
from services.access import invitations

router = new_router("/v1/invitations", "administration")


@router.get("")
async def list_invitations(_: Owner, session: Session, keyring: Keys, paging: Paging) -> Page[InvitationOut]:
    found = await invitations.browse(session, keyring, paging)
    return Page[InvitationOut].of(found, InvitationOut.model_validate)


@router.post("", status_code=201)
async def create_invitation(
    body: InvitationIn, principal: Owner, session: Session, keyring: Keys
) -> InvitationMade:
    """Answers the token, this once: hand it to whom you invite."""
    invitation, token = await invitations.create(
        session, keyring, principal, email=body.email, role=body.role, hours=body.expires_in_hours
    )
    return InvitationMade(**InvitationOut.model_validate(invitation).model_dump(), token=token)


@router.delete("/{invitation_id}", status_code=204)
async def revoke_invitation(invitation_id: UUID, _: Owner, session: Session) -> None:
    await invitations.revoke(session, invitation_id)


@router.post("/accept")
async def accept_invitation(body: InvitationToken, principal: Self, session: Session) -> WorkspaceOut:
    """The caller joins the workspace; who belongs to it already keeps the higher role."""
    return WorkspaceOut.model_validate(await invitations.accept(session, principal, body.token))
