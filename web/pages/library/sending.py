"""Files on their way in: the tus protocol as in api/routes/uploads.py, for our own script, which sends the cookie."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.deps import FormWork, LibraryEditor, SettingsOf, StorageOf
from api.routes import uploads
from core.principal import Principal
from services.library import projects
from web import session
from web.route import SAFE, authenticate

_THEIRS: Final = "/v1/"
_HERE: Final = "/library/"


class SendingRoute(uploads.TusRoute):
    """The form's token comes in a header: there is no form."""

    async def who(self, request: Request) -> Principal:
        if request.method not in SAFE:
            session.check_csrf(request, request.headers.get(session.CSRF_HEADER))
        return await authenticate(request)


router = APIRouter(prefix="/library", route_class=SendingRoute, include_in_schema=False)
router.head("/uploads/{upload_id}")(uploads.head_upload)
router.patch("/uploads/{upload_id}")(uploads.append_upload)
router.delete("/uploads/{upload_id}")(uploads.end_upload)


@router.post("/projects/{project_id}/uploads")
async def begin(
    project_id: UUID,
    request: Request,
    principal: LibraryEditor,
    work: FormWork,
    settings: SettingsOf,
    storage: StorageOf,
) -> Response:
    response = await uploads.create_upload(project_id, request, principal, work, settings, storage)
    response.headers["Location"] = response.headers["Location"].replace(_THEIRS, _HERE, 1)
    return response


@router.post("/uploads")
async def begin_anywhere(
    request: Request, principal: LibraryEditor, work: FormWork, settings: SettingsOf, storage: StorageOf
) -> Response:
    """Into the project for what has no other."""
    project = await projects.for_uploads(await work.begin(), principal)
    return await begin(project.id, request, principal, work, settings, storage)
