"""Files: in as a form, out in ranges, and links to them. Large ones come in by api/routes/uploads.py."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import objects
from api.addresses import base
from api.deps import Db, FormWork, Keys, LibraryEditor, Session, SettingsOf, StorageOf, Viewer
from api.forms import sent_file
from api.objects import BYTES, Object
from api.openapi import also
from api.pages import Page, Paging
from api.route import StreamingRoute
from api.route import router as new_router
from api.schemas.files import FileLinkIn, FileLinkOut, FileOut, FilePublicIn, UploadOut
from core.errors import NotFound
from models import File
from services.library import file_links, files, projects, room, uploads
from services.library.file_receiving import received

router = new_router("/v1", "library")
sending = new_router("/v1", "library", route_class=StreamingRoute)
links = new_router("/files", "library")

_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@sending.post("/projects/{project_id}/files", status_code=201, openapi_extra=_FORM)
async def upload_file(
    project_id: UUID,
    request: Request,
    principal: LibraryEditor,
    work: FormWork,
    db: Db,
    storage: StorageOf,
    settings: SettingsOf,
) -> FileOut:
    """What it is follows from its content. Its text is got in the background: see `extraction_status`."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        # Before anything is taken in.
        await projects.find(session, project_id)
        await room.look(session, principal.workspace_id, 0, settings.workspace_storage)
    async with (
        sent_file(request) as sent,
        received(storage, principal.user_id, project_id, sent.name, sent.chunks) as whole,
    ):
        work.identify(whole.sha256, sent.name.encode())
        session = await work.begin()
        await room.take(session, principal.workspace_id, whole.size, settings.workspace_storage)
        file = await files.add(session, principal, project_id, sent.name, whole)
        return FileOut.model_validate(file)


@router.get("/projects/{project_id}/files")
async def list_files(project_id: UUID, _: Viewer, session: Session, paging: Paging) -> Page[FileOut]:
    return Page[FileOut].of(await files.browse(session, project_id, paging), FileOut.model_validate)


@router.get("/projects/{project_id}/uploads")
async def list_uploads(project_id: UUID, _: Viewer, session: Session, paging: Paging) -> Page[UploadOut]:
    """Those that were begun by the tus protocol and are not whole yet."""
    return Page[UploadOut].of(await uploads.browse(session, project_id, paging), UploadOut.model_validate)


@router.get("/files/{file_id}")
async def get_file(file_id: UUID, _: Viewer, session: Session) -> FileOut:
    return FileOut.model_validate(await files.find(session, file_id))


@router.delete("/files/{file_id}", status_code=204)
async def delete_file(file_id: UUID, _: LibraryEditor, session: Session) -> None:
    await files.delete(session, file_id)


@router.get("/files/{file_id}/content", response_class=StreamingResponse, responses=BYTES)
async def get_file_content(
    file_id: UUID, request: Request, principal: Viewer, db: Db, storage: StorageOf
) -> Response:
    """The bytes, or a range of them."""
    # No connection of the database is kept from others while the storage is asked.
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        file = await files.find(session, file_id)
    return await objects.answer(request, storage, _object(file))


@router.head("/files/{file_id}/content", include_in_schema=False)
async def head_file_content(
    file_id: UUID, request: Request, principal: Viewer, db: Db, storage: StorageOf
) -> Response:
    return await get_file_content(file_id, request, principal, db, storage)


@router.post("/files/{file_id}/links", status_code=201)
async def create_file_link(
    file_id: UUID,
    body: FileLinkIn,
    request: Request,
    _: LibraryEditor,
    session: Session,
    keyring: Keys,
) -> FileLinkOut:
    """An address at which whoever has it can read the file, until it expires."""
    expires_at = int(time.time()) + body.expires_in
    token = file_links.sign(keyring, await files.find(session, file_id), expires_at)
    return FileLinkOut.model_validate(
        {"url": _address(request, token), "expires_at": datetime.fromtimestamp(expires_at, UTC)}
    )


@router.put("/files/{file_id}/public")
async def publish_file(
    file_id: UUID,
    body: FilePublicIn,
    request: Request,
    _: LibraryEditor,
    session: Session,
) -> FileOut:
    """Public files are read at `public_url` by whoever has it; taken back, it answers 404."""
    token = file_links.public_token(await files.find(session, file_id))
    url = _address(request, token) if body.public else None
    return FileOut.model_validate(await files.publish(session, file_id, url))


@links.get(
    "/{token}",
    response_class=StreamingResponse,
    responses={**BYTES, **also(HTTPStatus.NOT_FOUND, HTTPStatus.GONE)},
)
async def open_file(token: str, request: Request, db: Db, keyring: Keys, storage: StorageOf) -> Response:
    """A public file, or one that a link was made for. Nobody need be signed in."""
    link = file_links.read(keyring, token)
    async with db.tenant(link.workspace_id) as session:
        file = await files.find(session, link.file_id)
    if not link.signed and file.public_url is None:
        raise NotFound("There is no such file.")
    answer = await objects.answer(request, storage, _object(file))
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@links.head("/{token}", include_in_schema=False)
async def head_open_file(token: str, request: Request, db: Db, keyring: Keys, storage: StorageOf) -> Response:
    return await open_file(token, request, db, keyring, storage)


def _object(file: File) -> Object:
    return Object(file.path, f'"{file.sha256.hex()}"', file.name, file.mime_type)


def _address(request: Request, token: str) -> str:
    return f"{base(request)}{links.prefix}/{token}"
