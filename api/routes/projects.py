from typing import Annotated, Final
from uuid import UUID

from fastapi import Query

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.files import ProjectWhole
from api.schemas.library import ProjectIn, ProjectOut, ProjectPatch
from services.library import projects
from services.library.projects import Part

_PARTS: Final = f"^({'|'.join(Part)})?(,({'|'.join(Part)}))*$"

router = new_router("/v1/projects", "library")


@router.get("")
async def list_projects(_: Viewer, session: Session, paging: Paging) -> Page[ProjectOut]:
    return Page[ProjectOut].of(await projects.browse(session, paging), ProjectOut.model_validate)


@router.post("", status_code=201)
async def create_project(body: ProjectIn, principal: LibraryEditor, session: Session) -> ProjectOut:
    project = await projects.create(session, principal, title=body.title, description=body.description)
    return ProjectOut.model_validate(project)


@router.get("/{project_id}", response_model_exclude_unset=True)
async def get_project(
    project_id: UUID,
    _: Viewer,
    session: Session,
    include: Annotated[
        str, Query(pattern=_PARTS, description="`files`, `outputs`, or both with a comma.")
    ] = "",
) -> ProjectWhole:
    """With `include` also what is in it, the newest 50 of each kind."""
    parts = [Part(name) for name in include.split(",") if name]
    return ProjectWhole.model_validate(await projects.whole(session, project_id, parts))


@router.patch("/{project_id}")
async def change_project(
    project_id: UUID, body: ProjectPatch, _: LibraryEditor, session: Session
) -> ProjectOut:
    return ProjectOut.model_validate(await projects.change(session, project_id, body.changes()))


@router.delete("/{project_id}", status_code=204)
async def delete_project(project_id: UUID, _: LibraryEditor, session: Session) -> None:
    """Its files go with it; its workflows stay, without a project."""
    await projects.delete(session, project_id)
