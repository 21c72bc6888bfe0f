"""The workspace: its name, one's others, and who belongs to it."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Keys, Owner, Self, Session, SettingsOf, Viewer
from api.pages import Paging
from api.schemas.administration import Name
from core.errors import NotFound
from core.principal import Role
from services import pages
from services.access import invitations, members, workspaces
from web import session as cookies
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings")

HERE: Final = "/settings/workspace"


@router.get("/workspace")
async def show(
    request: Request,
    principal: Viewer,
    session: Session,
    keyring: Keys,
    paging: Paging,
    invitation: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """`invitation` is one that this person was given."""
    owns = principal.may_act_as(Role.OWNER)
    return page(
        request,
        "settings/workspace.html",
        workspace=await workspaces.find(session, principal),
        workspaces=await pages.whole(partial(workspaces.browse, session, principal)),
        members=await members.browse(session, principal, paging),
        invitations=await pages.whole(partial(invitations.browse, session, keyring)) if owns else [],
        roles=list(Role),
        invitation=invitation,
    )


@router.post("/workspace")
async def rename(
    request: Request, principal: Owner, session: Session, name: Annotated[Name, Form()]
) -> Response:
    await workspaces.change(session, principal, {"name": name})
    return redirect(request, HERE, "Saved.")


@router.post("/workspaces")
async def create(
    request: Request,
    principal: Self,
    session: Session,
    settings: SettingsOf,
    keyring: Keys,
    name: Annotated[Name, Form()],
) -> Response:
    made = await workspaces.create(session, settings, keyring, principal, name=name)
    return _enter(request, made.id, f"You are in {made.name} now.")


@router.post("/workspaces/choose")
async def choose(
    request: Request, principal: Viewer, session: Session, workspace_id: Annotated[UUID, Form()]
) -> Response:
    """Raises NotFound for one to which they do not belong."""
    for workspace in await pages.whole(partial(workspaces.browse, session, principal)):
        if workspace.id == workspace_id:
            return _enter(request, workspace.id, f"You are in {workspace.name} now.")
    raise NotFound("There is no such workspace.")


@router.post("/members/{user_id}/role")
async def change_role(
    request: Request, user_id: UUID, principal: Owner, session: Session, role: Annotated[Role, Form()]
) -> Response:
    member = await members.change_role(session, principal, user_id, role)
    return redirect(request, HERE, f"{member.display_name or member.username} is {role} now.")


@router.post("/members/{user_id}/remove")
async def remove(request: Request, user_id: UUID, principal: Self, session: Session) -> Response:
    await members.remove(session, principal, user_id)
    if user_id != principal.user_id:
        return redirect(request, HERE, "Removed.")
    response = redirect(request, HERE, "You have left the workspace.")
    response.delete_cookie(cookies.WORKSPACE_COOKIE)
    return response


@router.post("/invitations/accept")
async def accept(
    request: Request, principal: Self, session: Session, invitation: Annotated[str, Form(max_length=2000)]
) -> Response:
    """Takes the link as it was sent, or the code in it."""
    joined = await invitations.accept(session, principal, invitation.strip().rpartition("invitation=")[2])
    return _enter(request, joined.id, f"Welcome to {joined.name}.")


def _enter(request: Request, workspace_id: UUID, notice: str) -> Response:
    response = redirect(request, HERE, notice)
    cookies.choose_workspace(request, response, workspace_id)
    return response
