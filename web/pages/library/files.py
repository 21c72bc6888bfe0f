"""A file: what it is, its text with its places, who may read it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Form
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from agents.base import Beginning
from api.deps import Db, Keys, LibraryEditor, Session, StorageOf, Viewer, Work
from api.routes import files as over_http
from api.schemas.files import FileLinkIn, FileLinkOut, FilePublicIn
from core.errors import Invalid, NotFound
from core.policy import Policy, Shapes
from core.sql import connection_of
from core.storage import Storage
from models import File
from platforms import images
from platforms.registry import PLATFORMS, PlatformName
from services.library import extractions, file_links, files, projects
from services.media import clips, recordings
from services.media.clips import COUNT
from services.media.recordings import segments_of
from services.pages import Wanted
from services.reviewing import review_views
from web.filters import markdown, size
from web.pages.library.projects import BUSY
from web.pages.reviews.grounds import called, clock
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/library/files")

SHOWN: Final = 30_000
"""Characters of the text, at first."""
HOURS: Final = {1: "an hour", 24: "a day", 168: "seven days"}


@dataclass(frozen=True, slots=True)
class Section:
    """The text from one place to the next."""

    place: str | None
    text: Markup


@router.get("/{file_id}")
async def show(request: Request, file_id: UUID, _: Viewer, session: Session, whole: bool = False) -> Response:
    return await file_page(request, session, file_id, whole=whole)


@router.get("/{file_id}/content")
async def content(request: Request, file_id: UUID, principal: Viewer, db: Db, storage: StorageOf) -> Response:
    """For `<audio>`, `<video>` and `<img>`, and to be saved."""
    return await over_http.get_file_content(file_id, request, principal, db, storage)


@router.post("/{file_id}/extraction")
async def extract_again(request: Request, file_id: UUID, _: LibraryEditor, session: Session) -> Response:
    await extractions.again(session, file_id)
    return redirect(request, f"/library/files/{file_id}", "Its text is being got once more.")


@router.post("/{file_id}/public")
async def publish(
    request: Request,
    file_id: UUID,
    public: Annotated[bool, Form()],
    principal: LibraryEditor,
    session: Session,
) -> Response:
    body = FilePublicIn(public=public)
    await over_http.publish_file(file_id, body, request, principal, session)
    said = "Whoever has its address can read it now." if public else "It is private again."
    return redirect(request, f"/library/files/{file_id}", said)


@router.post("/{file_id}/picture")
async def publish_picture(
    request: Request,
    file_id: UUID,
    review: UUID,
    principal: LibraryEditor,
    work: Work,
    db: Db,
    storage: StorageOf,
) -> Response:
    """For what waits in a review, whose platform gets it by its address; told to the page as the event `picture`."""
    async with db.tenant(principal.workspace_id, principal.user_id) as look:
        item = await review_views.find_item(connection_of(look), review)
        picture = await files.find(look, file_id)
    policy = PLATFORMS[PlatformName(item.platform)].policy
    _fits(picture, policy)
    if policy.image_shapes:
        await _is_in_shape(storage, picture, policy, policy.image_shapes)
    session = await work.begin()
    body = FilePublicIn(public=True)
    file = await over_http.publish_file(file_id, body, request, principal, session)
    told = json.dumps({"picture": {"url": file.public_url}})
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Trigger": told})


@router.post("/{file_id}/links")
async def share(
    request: Request,
    file_id: UUID,
    hours: Annotated[int, Form(ge=1, le=file_links.LONGEST_SECONDS // 3600)],
    principal: LibraryEditor,
    session: Session,
    keyring: Keys,
) -> Response:
    """Shows the address, this once."""
    body = FileLinkIn(expires_in=hours * 3600)
    link = await over_http.create_file_link(file_id, body, request, principal, session, keyring)
    return await file_page(request, session, file_id, link=link)


@router.post("/{file_id}/delete")
async def delete(request: Request, file_id: UUID, _: LibraryEditor, session: Session) -> Response:
    file = await files.find(session, file_id)
    await files.delete(session, file_id)
    return redirect(request, f"/library/projects/{file.project_id}", f"{file.name} is deleted.")


def _fits(file: File, policy: Policy) -> None:
    """Raises Invalid for what the platform would refuse after all, when it fetches it."""
    if file.mime_type not in policy.image_types:
        kinds = ", ".join(each.removeprefix("image/").upper() for each in policy.image_types)
        detail = f"{file.name} is no picture that {policy.label} takes."
        raise Invalid(detail, remedy=f"It stays in the library. Choose another one: {kinds}.")
    if file.size_bytes > policy.image_max_bytes:
        most = size(policy.image_max_bytes)
        detail = f"{file.name} is too large: {policy.label} takes pictures of up to {most}."
        raise Invalid(detail, remedy="It stays in the library. Choose a smaller one.")


async def _is_in_shape(storage: Storage, file: File, policy: Policy, shapes: Shapes) -> None:
    """Raises Invalid."""
    try:
        body = b"".join([piece async for piece in storage.read(file.path)])
    except FileNotFoundError as error:
        raise Invalid(files.MISSING) from error
    found = await asyncio.to_thread(images.size, body, policy.image_types)
    if found is None:
        detail = f"{file.name} is damaged: it cannot be shown."
        raise Invalid(detail, remedy="It stays in the library. Choose another one.")
    if not shapes.take(*found):
        width, height = found
        detail = f"{file.name} is {width} by {height}, and {policy.label} shows shapes from {shapes.named}."
        raise Invalid(detail, remedy="It stays in the library. Crop it, or choose another one.")


async def file_page(
    request: Request,
    session: AsyncSession,
    file_id: UUID,
    *,
    whole: bool = False,
    link: FileLinkOut | None = None,
) -> Response:
    file = await files.find(session, file_id)
    found = await extractions.find(session, file_id)
    text = found.text or ""
    spoken = await _spoken(session, file)
    sections: list[Section] = []
    if not spoken:  # a long text is drawn off the event loop
        shown = text if whole else text[:SHOWN]
        sections = await asyncio.to_thread(lambda: list(_sections(shown, found.places or [])))
    return page(
        request,
        "library/file.html",
        file=file,
        found=found,
        busy=found.status in BUSY,
        project=await projects.find(session, file.project_id),
        kind=file.mime_type.partition("/")[0],
        length=len(text.split()),
        sections=sections,
        cut=len(text) > SHOWN and not whole,
        spoken=spoken,
        link=link,
        hours=HOURS,
    )


def _sections(text: str, places: list[dict[str, Any]]) -> Iterator[Section]:
    known = [Beginning.model_validate(each) for each in places if each["at"] < len(text)]
    first = known[0].at if known else len(text)
    if text[:first].strip():
        yield Section(None, markdown(text[:first].strip()))
    ends = [*(each.at for each in known[1:]), len(text)]
    for each, end in zip(known, ends, strict=False):
        if part := text[each.at : end].strip():
            place = called(each.place)
            line, _, rest = part.partition("\n")
            # A chapter's heading is also the first line of its text.
            yield Section(place, markdown(rest.strip() if line.lstrip("# ") == place else part))


async def _spoken(session: AsyncSession, file: File) -> dict[str, Any] | None:
    """What was said, and the clips; None of what is no recording, or was not heard yet."""
    try:
        transcription = await recordings.find(session, file.id)
    except NotFound:
        return None
    return {
        "language": transcription.language,
        "seconds": transcription.seconds,
        "segments": [(each.start, clock(each.start), each.text) for each in segments_of(transcription)],
        "clips": (await clips.browse(session, file.id, Wanted(COUNT))).items,
        "status": transcription.clips_status,
        "error": transcription.clips_error,
        "clock": clock,
    }
