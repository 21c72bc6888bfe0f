"""The tus protocol, 1.0 (https://tus.io/protocols/resumable-upload): core, creation, expiration, termination, checksum.

Its clients read headers and statuses, so that these calls are not in the OpenAPI document.
"""

import base64
import binascii
from collections.abc import Callable, Coroutine
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api import problems
from api.deps import Db, FormWork, LibraryEditor, Session, SettingsOf, StorageOf, Viewer
from api.forms import body_of, clean_name
from api.requests import UnsupportedMediaType
from api.route import StreamingRoute
from api.route import router as new_router
from core.errors import FieldError, ProofroomError, TooLarge
from models import Upload
from services.library import uploads

VERSION: Final = "1.0.0"
METADATA_LIMIT: Final = 4000
ALGORITHMS: Final = ("sha1", "sha256", "md5")
_MEDIA_TYPE: Final = "application/offset+octet-stream"


class TusVersionUnknown(ProofroomError):
    status = HTTPStatus.PRECONDITION_FAILED
    title = "Another version of tus"


class TusHeaderInvalid(ProofroomError):
    status = HTTPStatus.BAD_REQUEST
    title = "A header of tus is wrong"


class TusRoute(StreamingRoute):
    """Every answer names the version, refusals too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                _check_version(request)
                response = await handle(request)
            except ProofroomError as error:
                response = problems.of(error)
            response.headers.update({"Tus-Resumable": VERSION, "Tus-Version": VERSION})
            return response

        return answer


router = new_router("/v1", "library", documented=False, route_class=TusRoute)


@router.options("/projects/{project_id}/uploads")
@router.options("/uploads/{upload_id}")
async def describe_uploads(settings: SettingsOf) -> Response:
    headers = {
        "Tus-Extension": "creation,expiration,termination,checksum",
        "Tus-Max-Size": str(settings.upload_limit),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


@router.post("/projects/{project_id}/uploads")
async def create_upload(
    project_id: UUID,
    request: Request,
    principal: LibraryEditor,
    work: FormWork,
    settings: SettingsOf,
    storage: StorageOf,
) -> Response:
    """The file will have the upload's id."""
    length = _number(request, "Upload-Length")
    if length > settings.upload_limit:
        raise TooLarge(f"A file has at most {settings.upload_limit} bytes.", remedy="Send a smaller one.")
    metadata = request.headers.get("upload-metadata", "")
    name = clean_name(_metadata(metadata).get("filename", ""))
    work.identify(str(length).encode(), metadata.encode())
    session = await work.begin()
    upload = await uploads.create(
        session,
        principal,
        project_id,
        name=name,
        length=length,
        metadata=metadata,
        hours=settings.upload_keep_hours,
        room_for=settings.workspace_storage,
    )
    if not length:
        await uploads.finish_empty(session, storage, principal, upload)
    headers = {"Location": f"/v1/uploads/{upload.id}", **_expires(upload)}
    return Response(status_code=HTTPStatus.CREATED, headers=headers)


@router.head("/uploads/{upload_id}")
async def head_upload(upload_id: UUID, _: Viewer, session: Session) -> Response:
    upload = await uploads.find(session, upload_id)
    headers = {**_offset(upload), "Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    if upload.metadata_:
        headers["Upload-Metadata"] = upload.metadata_
    return Response(status_code=HTTPStatus.OK, headers=headers)


@router.patch("/uploads/{upload_id}")
async def append_upload(
    upload_id: UUID, request: Request, principal: LibraryEditor, db: Db, storage: StorageOf
) -> Response:
    """The last bytes make the file: the answer to them comes when it is there."""
    offset, checksum = _number(request, "Upload-Offset"), _checksum(request)
    if request.headers.get("content-type") != _MEDIA_TYPE:
        raise UnsupportedMediaType(
            "The body is no part of an upload.", remedy=f"Send Content-Type: {_MEDIA_TYPE}."
        )
    upload = await uploads.append(db, storage, principal, upload_id, offset, body_of(request), checksum)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_offset(upload))


@router.delete("/uploads/{upload_id}")
async def end_upload(upload_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await uploads.end(session, upload_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/uploads/{upload_id}")
async def append_upload_by_post(
    upload_id: UUID, request: Request, principal: LibraryEditor, db: Db, storage: StorageOf
) -> Response:
    """For clients that can send no PATCH."""
    if request.headers.get("x-http-method-override") != "PATCH":
        raise _wrong("X-HTTP-Method-Override", "Only PATCH can be meant here.")
    return await append_upload(upload_id, request, principal, db, storage)


def _check_version(request: Request) -> None:
    if request.method != "OPTIONS" and request.headers.get("tus-resumable") != VERSION:
        detail = f"Only tus {VERSION} is spoken here."
        raise TusVersionUnknown(
            detail,
            remedy=f"Send Tus-Resumable: {VERSION}.",
            errors=[FieldError("header.Tus-Resumable", detail)],
        )


def _number(request: Request, header: str) -> int:
    given = request.headers.get(header, "")
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        raise _wrong(header, "This is not a number of bytes.")
    return int(given)


def _metadata(given: str) -> dict[str, str]:
    """Pairs of a key and a Base64 text, with commas between them."""
    if len(given) > METADATA_LIMIT or not given.isascii():
        raise _wrong("Upload-Metadata", f"At most {METADATA_LIMIT} ASCII characters are kept.")
    pairs = [pair.strip().partition(" ") for pair in given.split(",") if pair.strip()]
    try:
        return {key: base64.b64decode(value, validate=True).decode() for key, _, value in pairs}
    except (binascii.Error, UnicodeDecodeError):
        raise _wrong("Upload-Metadata", "A value is not the Base64 of a text.") from None


def _checksum(request: Request) -> uploads.Checksum | None:
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, digest = given.partition(" ")
    if algorithm not in ALGORITHMS:
        raise _wrong("Upload-Checksum", f"Take one of these: {', '.join(ALGORITHMS)}.")
    try:
        return uploads.Checksum(algorithm, base64.b64decode(digest, validate=True))
    except ValueError:  # also for what is not ASCII
        raise _wrong("Upload-Checksum", "The digest is not Base64.") from None


def _offset(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(upload.received), **_expires(upload)}


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)}


def _wrong(header: str, detail: str) -> TusHeaderInvalid:
    return TusHeaderInvalid(f"{header}: {detail}", errors=[FieldError(f"header.{header}", detail)])
