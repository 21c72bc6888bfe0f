from uuid import UUID

from api.deps import Db, Session, Viewer
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.outputs import OutputOut
from core.sql import connection_of
from services.library import outputs, projects
from services.library.outputs import Filters, OutputKind, OutputStatus

router = new_router("/v1/outputs", "library")
of_projects = new_router("/v1/projects", "library")


@of_projects.get("/{project_id}/outputs")
async def list_outputs(
    project_id: UUID,
    _: Viewer,
    session: Session,
    paging: Paging,
    kind: OutputKind | None = None,
    status: OutputStatus | None = None,
    archived: bool | None = None,
) -> Page[OutputOut]:
    """What was made in a project, for each platform one."""
    await projects.find(session, project_id)
    filters = Filters(project_id=project_id, kind=kind, status=status, archived=archived)
    found = await outputs.browse(connection_of(session), paging, filters)
    return Page[OutputOut].of(found, OutputOut.model_validate)


@router.get("/{output_id}")
async def get_output(output_id: UUID, principal: Viewer, db: Db) -> OutputOut:
    """What a workflow has come to on one platform."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return OutputOut.model_validate(await outputs.find(connection, output_id))
