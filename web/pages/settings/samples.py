"""Style samples: texts whose voice drafts are to have."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.library import Content, Title
from models.library import ResourceType
from services.library import resources
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/samples")

HERE: Final = "/settings/samples"


class Given(BaseModel):
    title: Title
    content: Content


@router.get("")
async def show(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await resources.browse(session, paging, ResourceType.STYLE_SAMPLE)
    return page(request, "settings/samples.html", samples=found)


@router.get("/new")
async def new(request: Request, _: LibraryEditor) -> Response:
    return page(request, "settings/sample.html", sample=None)


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    await resources.create(
        session,
        principal,
        kind=ResourceType.STYLE_SAMPLE,
        content=given.content,
        metadata={"title": given.title},
    )
    return redirect(request, HERE, f"{given.title} is kept.")


@router.get("/{sample_id}")
async def edit(request: Request, sample_id: UUID, _: Viewer, session: Session) -> Response:
    return page(request, "settings/sample.html", sample=await resources.find(session, sample_id))


@router.post("/{sample_id}")
async def change(
    request: Request,
    sample_id: UUID,
    given: Annotated[Given, Form()],
    _: LibraryEditor,
    session: Session,
) -> Response:
    sample = await resources.find(session, sample_id)
    metadata = {**sample.metadata_, "title": given.title}
    await resources.change(session, sample_id, {"content": given.content, "metadata_": metadata})
    return redirect(request, HERE, "Saved.")


@router.post("/{sample_id}/delete")
async def delete(request: Request, sample_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await resources.delete(session, sample_id)
    return redirect(request, HERE, "The style sample is deleted.")
