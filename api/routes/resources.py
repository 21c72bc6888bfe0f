from uuid import UUID

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.library import ResourceIn, ResourceOut, ResourcePatch
from models.library import ResourceType
from services.library import resources

router = new_router("/v1/resources", "library")


@router.get("")
async def list_resources(
    _: Viewer,
    session: Session,
    paging: Paging,
    type: ResourceType | None = None,  # noqa: A002 - the parameter's name
) -> Page[ResourceOut]:
    return Page[ResourceOut].of(await resources.browse(session, paging, type), ResourceOut.model_validate)


@router.post("", status_code=201)
async def create_resource(body: ResourceIn, principal: LibraryEditor, session: Session) -> ResourceOut:
    resource = await resources.create(
        session, principal, kind=body.type, content=body.content, metadata=body.metadata
    )
    return ResourceOut.model_validate(resource)


@router.get("/{resource_id}")
async def get_resource(resource_id: UUID, _: Viewer, session: Session) -> ResourceOut:
    return ResourceOut.model_validate(await resources.find(session, resource_id))


@router.patch("/{resource_id}")
async def change_resource(
    resource_id: UUID, body: ResourcePatch, _: LibraryEditor, session: Session
) -> ResourceOut:
    changes = body.changes()
    if "metadata" in changes:
        changes["metadata_"] = changes.pop("metadata")
    return ResourceOut.model_validate(await resources.change(session, resource_id, changes))


@router.delete("/{resource_id}", status_code=204)
async def delete_resource(resource_id: UUID, _: LibraryEditor, session: Session) -> None:
    await resources.delete(session, resource_id)
