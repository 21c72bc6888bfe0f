from uuid import UUID

from api.deps import Keys, Owner, Self, Session, SettingsOf, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.administration import WorkspaceIn, WorkspaceOut, WorkspacePatch
from services.access import workspaces

router = new_router("/v1/workspaces", "administration")


@router.get("")
async def list_workspaces(principal: Viewer, session: Session, paging: Paging) -> Page[WorkspaceOut]:
    """Those that the caller belongs to; an API key sees its own."""
    found = await workspaces.browse(session, principal, paging)
    return Page[WorkspaceOut].of(found, WorkspaceOut.model_validate)


@router.post("", status_code=201)
async def create_workspace(
    body: WorkspaceIn, principal: Self, session: Session, settings: SettingsOf, keyring: Keys
) -> WorkspaceOut:
    """The caller becomes its owner."""
    workspace = await workspaces.create(session, settings, keyring, principal, name=body.name)
    return WorkspaceOut.model_validate(workspace)


@router.get("/{workspace_id}")
async def get_workspace(workspace_id: UUID, principal: Viewer, session: Session) -> WorkspaceOut:
    return WorkspaceOut.model_validate(await workspaces.find(session, principal))


@router.patch("/{workspace_id}")
async def change_workspace(
    workspace_id: UUID, body: WorkspacePatch, principal: Owner, session: Session
) -> WorkspaceOut:
    return WorkspaceOut.model_validate(await workspaces.change(session, principal, body.changes()))


@router.delete("/{workspace_id}", status_code=204)
async def delete_workspace(workspace_id: UUID, principal: Owner, session: Session) -> None:
    """With everything in it, for good. A personal workspace cannot be deleted."""
    await workspaces.delete(session, principal)
