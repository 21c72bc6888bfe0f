from uuid import UUID

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.library import (
    TemplateCopy,
    TemplateDraft,
    TemplateDraftPreview,
    TemplateIn,
    TemplateInput,
    TemplateOut,
    TemplatePatch,
    TemplatePreview,
)
from models import Template
from models.library import TemplateType
from services.library import templates

router = new_router("/v1/templates", "library")


@router.get("")
async def list_templates(
    _: Viewer,
    session: Session,
    paging: Paging,
    type: TemplateType | None = None,  # noqa: A002 - the parameter's name
) -> Page[TemplateOut]:
    """Yours and those that came with Proofroom."""
    return Page[TemplateOut].of(await templates.browse(session, paging, type), _show)


@router.post("", status_code=201)
async def create_template(body: TemplateIn, principal: LibraryEditor, session: Session) -> TemplateOut:
    template = await templates.create(session, principal, name=body.name, kind=body.type, prompt=body.prompt)
    return _show(template)


@router.post("/preview")
async def preview_prompt(body: TemplateDraft, _: Viewer, session: Session) -> TemplateDraftPreview:
    """A prompt with what there is of its input, and what is missing. No model is asked."""
    prompt = await templates.prompt_of(session, body.template_id) if body.template_id else body.prompt or ""
    return TemplateDraftPreview.model_validate(templates.preview(prompt, body.input))


@router.get("/{template_id}")
async def get_template(template_id: UUID, _: Viewer, session: Session) -> TemplateOut:
    return _show(await templates.find(session, template_id))


@router.patch("/{template_id}")
async def change_template(
    template_id: UUID, body: TemplatePatch, _: LibraryEditor, session: Session
) -> TemplateOut:
    return _show(await templates.change(session, template_id, body.changes()))


@router.delete("/{template_id}", status_code=204)
async def delete_template(template_id: UUID, _: LibraryEditor, session: Session) -> None:
    await templates.delete(session, template_id)


@router.post("/{template_id}/preview")
async def preview_template(
    template_id: UUID, body: TemplateInput, _: Viewer, session: Session
) -> TemplatePreview:
    """The prompt as the writer would get it."""
    template = await templates.find(session, template_id)
    return TemplatePreview(prompt=templates.render(template, body.template_input))


@router.post("/{template_id}/copies", status_code=201)
async def copy_template(
    template_id: UUID, body: TemplateCopy, principal: LibraryEditor, session: Session
) -> TemplateOut:
    """One's own, to be changed."""
    return _show(await templates.copy(session, principal, template_id, body.name))


def _show(template: Template) -> TemplateOut:
    return TemplateOut(
        id=template.id,
        name=template.name,
        type=template.type,
        prompt=template.prompt,
        placeholders=list(templates.placeholders(template.prompt)),
        is_custom=template.is_custom,
        user_id=template.user_id,
        created_at=template.created_at,
        updated_at=template.updated_at,
    )
