from uuid import UUID

from starlette.responses import Response

from api import waiting
from api.deps import Db, LibraryEditor, Session, Viewer
from api.route import router as new_router
from api.schemas.extractions import ExtractionOut
from services.library import extractions

router = new_router("/v1/files", "library")


@router.get("/{file_id}/text", response_model=ExtractionOut, responses=waiting.RESPONSES)
async def get_file_text(file_id: UUID, principal: Viewer, db: Db, poll: waiting.Polling) -> Response:
    """With `wait`, as soon as it has changed."""

    async def look() -> ExtractionOut:
        async with db.tenant(principal.workspace_id, principal.user_id) as session:
            return ExtractionOut.model_validate(await extractions.find(session, file_id))

    return await poll.answer(look, file_id, lambda found: found.status in extractions.ENDED)


@router.post("/{file_id}/extraction", status_code=202)
async def extract_file_again(file_id: UUID, _: LibraryEditor, session: Session) -> ExtractionOut:
    """Gets its text once more, after a failure or anew."""
    return ExtractionOut.model_validate(await extractions.again(session, file_id))
