from uuid import UUID

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.library import TemplateIn, TemplateInput, TemplateOut, TemplatePatch, TemplatePreview
from models import Template
from models.library import TemplateType
from services import templates

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
