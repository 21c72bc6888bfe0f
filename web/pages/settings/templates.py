"""Templates: those that came with Proofroom, and one's own."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.library import Prompt, Title
from core.errors import ProofroomError
from models import Template
from models.library import TemplateType
from services.library import templates
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/templates")

HERE: Final = "/settings/templates"
TYPES: Final = {
    TemplateType.BLOG: "Blog",
    TemplateType.LINKEDIN: "LinkedIn",
    TemplateType.TWITTER: "X",
    TemplateType.INSTAGRAM: "Instagram",
    TemplateType.EMAIL: "Newsletter",
}


SAMPLES: Final = {
    "topic": "why nobody tries their backups",
    "audience": "people who run servers",
    "tone_of_voice": "plain and exact",
}
"""What a preview is filled in with at first."""
_SAMPLE: Final = "sample."


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
    return _form(request, None, copied)


@router.post("/preview")
async def preview(request: Request, _: Viewer) -> Response:
    """The part of the page that shows the prompt filled in, as it is typed."""
    form = await request.form()
    given = {name: str(value) for name, value in form.items()}
    samples = {name.removeprefix(_SAMPLE): value for name, value in given.items() if name.startswith(_SAMPLE)}
    shown = _filled(given.get("prompt", ""), {**SAMPLES, **samples})
    return page(request, "settings/_template_preview.html", **shown)


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    await templates.create(session, principal, name=given.name, kind=given.type, prompt=given.prompt)
    return redirect(request, HERE, f"The template {given.name} is made.")


@router.get("/{template_id}")
async def edit(request: Request, template_id: UUID, _: Viewer, session: Session) -> Response:
    return _form(request, await templates.find(session, template_id), None)


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


def _form(request: Request, shown: Template | None, copied: Template | None) -> Response:
    start = shown or copied
    filled = _filled(start.prompt if start else "", SAMPLES)
    return page(request, "settings/template.html", shown=shown, copied=copied, types=TYPES, **filled)


def _filled(prompt: str, samples: Mapping[str, str]) -> dict[str, Any]:
    """A prompt that is no template says what is wrong with it; its samples wait until it is one."""
    try:
        found = templates.preview(prompt, samples)
    except ProofroomError as error:
        wrong = " ".join(each.detail for each in error.errors) or error.detail
        return {"filled": None, "wrong": wrong, "samples": {}}
    return {
        "filled": found,
        "wrong": None,
        "samples": {name: samples.get(name, "") for name in found.placeholders},
    }
