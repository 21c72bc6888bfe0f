"""Projects, by which workflows are kept together."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.library import Description, Title
from services import projects
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/projects")

HERE: Final = "/settings/projects"


class Given(BaseModel):
    title: Title
    description: Description | None = None


@router.get("")
async def show(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    return page(request, "settings/projects.html", projects=await projects.browse(session, paging))


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    await projects.create(session, principal, title=given.title, description=given.description)
    return redirect(request, HERE, f"The project {given.title} is made.")


@router.post("/{project_id}")
async def change(
    request: Request,
    project_id: UUID,
    given: Annotated[Given, Form()],
    _: LibraryEditor,
    session: Session,
) -> Response:
    await projects.change(session, project_id, given.model_dump())
    return redirect(request, HERE, "Saved.")


@router.post("/{project_id}/delete")
async def delete(request: Request, project_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await projects.delete(session, project_id)
    return redirect(request, HERE, "The project is deleted; its workflows stay.")
