from uuid import UUID

from api.deps import Owner, Self, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.administration import MemberOut, MemberPatch
from services.access import members

router = new_router("/v1/members", "administration")


@router.get("")
async def list_members(principal: Viewer, session: Session, paging: Paging) -> Page[MemberOut]:
    return Page[MemberOut].of(await members.browse(session, principal, paging), MemberOut.model_validate)


@router.patch("/{user_id}")
async def change_member(user_id: UUID, body: MemberPatch, principal: Owner, session: Session) -> MemberOut:
    return MemberOut.model_validate(await members.change_role(session, principal, user_id, body.role))


@router.delete("/{user_id}", status_code=204)
async def remove_member(user_id: UUID, principal: Self, session: Session) -> None:
    """Owners remove anybody but the last owner; everybody may leave."""
    await members.remove(session, principal, user_id)
