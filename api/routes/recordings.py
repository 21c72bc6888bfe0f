"""What was said in a file that is a recording, and clips of it."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import objects
from api.deps import Db, LibraryEditor, Session, StorageOf, Viewer
from api.objects import BYTES, Object
from api.openapi import also
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.recordings import ClipOut, ClipSearchOut, TranscriptionOut
from services.media import clips, recordings
from services.media.subtitles import Format, subtitles

router = new_router("/v1", "library")

_TYPES: Final = {Format.SRT: "application/x-subrip", Format.VTT: "text/vtt"}
_SUBTITLES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {name: {"schema": {"type": "string"}} for name in _TYPES.values()}},
}
As = Annotated[
    str | None,
    Query(
        alias="format",
        pattern="^(json|srt|vtt)$",
        description="Subtitles with `srt` or `vtt`, which `Accept: application/x-subrip` or `text/vtt` asks for, too.",
    ),
]


@router.get(
    "/files/{file_id}/transcription",
    response_model=TranscriptionOut,
    responses={**_SUBTITLES, **also(HTTPStatus.NOT_FOUND)},
)
async def get_transcription(
    file_id: UUID, request: Request, _: Viewer, session: Session, asked: As = None
) -> TranscriptionOut | Response:
    """Of a recording whose `extraction_status` is completed."""
    found = await recordings.find(session, file_id)
    form = _form(asked, request.headers.get("accept", ""))
    if form is None:
        return TranscriptionOut.model_validate(found)
    text = subtitles(recordings.segments_of(found), form)
    return Response(text, media_type=f"{_TYPES[form]}; charset=utf-8", headers={"Vary": "Accept"})


@router.get("/files/{file_id}/clips")
async def list_clips(file_id: UUID, _: Viewer, session: Session, paging: Paging) -> Page[ClipOut]:
    """The best first."""
    return Page[ClipOut].of(await clips.browse(session, file_id, paging), ClipOut.model_validate)


@router.post("/files/{file_id}/clips", status_code=202)
async def find_clips(file_id: UUID, principal: LibraryEditor, session: Session) -> ClipSearchOut:
    """Looks for the ten most quotable passages of a recording, in place of those that were found before, their cut
    files included. The transcription's `clips_status` tells when it is done."""
    return ClipSearchOut.model_validate(await clips.request(session, principal.workspace_id, file_id))


@router.get("/clips/{clip_id}")
async def get_clip(clip_id: UUID, _: Viewer, session: Session) -> ClipOut:
    return ClipOut.model_validate(await clips.find(session, clip_id))


@router.post("/clips/{clip_id}/cut", status_code=202)
async def cut_clip(clip_id: UUID, _: LibraryEditor, session: Session) -> ClipOut:
    """Cuts it out of the recording: MP3, or MP4 with the pictures. Ready when its `status` is `cut`."""
    return ClipOut.model_validate(await clips.request_cut(session, clip_id))


@router.get(
    "/clips/{clip_id}/content",
    response_class=StreamingResponse,
    responses={**BYTES, **also(HTTPStatus.CONFLICT)},
)
async def get_clip_content(
    clip_id: UUID, request: Request, principal: Viewer, db: Db, storage: StorageOf
) -> Response:
    """The bytes of one that is cut, or a range of them."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        path, mime_type = clips.content(await clips.find(session, clip_id))
    name = f"clip-{clip_id}{path[path.rindex('.') :]}"
    return await objects.answer(request, storage, Object(path, f'"{clip_id}"', name, mime_type))


def _form(asked: str | None, accept: str) -> Format | None:
    if asked is not None:
        return None if asked == "json" else Format(asked)
    return next((form for form, name in _TYPES.items() if name in accept), None)
