"""Projects: the list, and one of them with its files and what came of it."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.library import Description, Title
from models import ExtractionStatus
from services.library import extractions, files, projects, uploads
from services.library.projects import Part
from services.pages import Wanted
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/library")

HERE: Final = "/library"
BUSY: Final = frozenset({ExtractionStatus.PENDING, ExtractionStatus.PROCESSING})


class Given(BaseModel):
    title: Title
    description: Description | None = None


@router.get("")
async def show_all(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await projects.browse(session, paging)
    counts = await projects.counts(session, [each.id for each in found.items])
    return page(request, "library/projects.html", projects=found, counts=counts)


@router.get("/projects/{project_id}")
async def show(request: Request, project_id: UUID, _: Viewer, session: Session, paging: Paging) -> Response:
    project = await projects.whole(session, project_id, [Part.OUTPUTS])
    found = await files.browse(session, project_id, paging)
    busy = [each.id for each in found.items if each.extraction_status in BUSY]
    return page(
        request,
        "library/project.html",
        project=project,
        files=found,
        progress=await extractions.progress(session, busy),
        unfinished=(await uploads.browse(session, project_id, Wanted())).items,
        count=(await projects.counts(session, [project_id])).get(project_id, 0),
    )


@router.post("/projects")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    made = await projects.create(session, principal, title=given.title, description=given.description)
    return redirect(request, f"{HERE}/projects/{made.id}", f"The project {given.title} is made.")


@router.post("/projects/{project_id}")
async def change(
    request: Request, project_id: UUID, given: Annotated[Given, Form()], _: LibraryEditor, session: Session
) -> Response:
    await projects.change(session, project_id, given.model_dump())
    return redirect(request, f"{HERE}/projects/{project_id}", "Saved.")


@router.post("/projects/{project_id}/delete")
async def delete(request: Request, project_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await projects.delete(session, project_id)
    return redirect(request, HERE, "The project is deleted with its files; its drafts and posts stay.")


@router.post("/uploads/{upload_id}/discard")
async def discard(request: Request, upload_id: UUID, _: LibraryEditor, session: Session) -> Response:
    """One that was cut off and that nobody goes on with."""
    upload = await uploads.find(session, upload_id)
    await uploads.end(session, upload_id)
    return redirect(
        request, f"{HERE}/projects/{upload.project_id}", f"What had arrived of {upload.name} is gone."
    )
