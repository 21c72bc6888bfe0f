"""Templates: those that came with Proofroom, and one's own."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.library import Prompt, Title
from models.library import TemplateType
from services import templates
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/templates")

HERE: Final = "/settings/templates"
TYPES: Final = {
    TemplateType.BLOG: "Blog",
    TemplateType.LINKEDIN: "LinkedIn",
    TemplateType.TWITTER: "X",
    TemplateType.INSTAGRAM: "Instagram",
    TemplateType.EMAIL: "E-mail",
}


class Given(BaseModel):
    name: Title
    type: TemplateType
    prompt: Prompt


@router.get("")
async def show(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await templates.browse(session, paging)
    fields = {each.id: templates.placeholders(each.prompt) for each in found.items}
    return page(request, "settings/templates.html", templates=found, fields=fields, types=TYPES)


@router.get("/new")
async def new(request: Request, _: LibraryEditor, session: Session, copy_of: UUID | None = None) -> Response:
    copied = await templates.find(session, copy_of) if copy_of else None
    return page(request, "settings/template.html", shown=None, copied=copied, types=TYPES, fields=())


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    await templates.create(session, principal, name=given.name, kind=given.type, prompt=given.prompt)
    return redirect(request, HERE, f"The template {given.name} is made.")


@router.get("/{template_id}")
async def edit(request: Request, template_id: UUID, _: Viewer, session: Session) -> Response:
    template = await templates.find(session, template_id)
    fields = templates.placeholders(template.prompt)
    return page(request, "settings/template.html", shown=template, copied=None, types=TYPES, fields=fields)


@router.post("/{template_id}")
async def change(
    request: Request,
    template_id: UUID,
    given: Annotated[Given, Form()],
    _: LibraryEditor,
    session: Session,
) -> Response:
    await templates.change(session, template_id, given.model_dump())
    return redirect(request, HERE, "Saved.")


@router.post("/{template_id}/delete")
async def delete(request: Request, template_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await templates.delete(session, template_id)
    return redirect(request, HERE, "The template is deleted.")
