"""Clips of recordings: looked for, cut out, saved."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db, LibraryEditor, Session, StorageOf, Viewer
from api.routes import recordings as over_http
from services.media import clips
from web.pages.library.files import file_page
from web.rendering import is_fragment, redirect
from web.route import router as new_router

router = new_router("/library")


@router.post("/files/{file_id}/clips")
async def look(request: Request, file_id: UUID, principal: LibraryEditor, session: Session) -> Response:
    await clips.request(session, principal.workspace_id, file_id)
    return await _shown(request, session, file_id)


@router.post("/clips/{clip_id}/cut")
async def cut(request: Request, clip_id: UUID, _: LibraryEditor, session: Session) -> Response:
    clip = await clips.request_cut(session, clip_id)
    return await _shown(request, session, clip.file_id)


@router.get("/clips/{clip_id}/content")
async def content(request: Request, clip_id: UUID, principal: Viewer, db: Db, storage: StorageOf) -> Response:
    return await over_http.get_clip_content(clip_id, request, principal, db, storage)


async def _shown(request: Request, session: AsyncSession, file_id: UUID) -> Response:
    """Where it stands now: whoever listens goes on listening."""
    if is_fragment(request):
        return await file_page(request, session, file_id)
    return redirect(request, f"/library/files/{file_id}")
