"""Sources that the workspace has already: the text of a file, a post."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePath
from typing import Literal, assert_never
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.base import Beginning, Source
from core.errors import Conflict, FieldError, Invalid, NotFound, ProofroomError
from models import ExtractionStatus, File, Post, PublishingJob, Workflow
from services.library import extractions


@dataclass(frozen=True, slots=True)
class Kept:
    """To be read when it is written from, in the same transaction."""

    type: Literal["file", "post"]
    id: UUID

    @property
    def pointer(self) -> str:
        return f"/source/{self.type}_id"


class SourceNotReady(Conflict):
    title = "The source is still being read"
    retryable = True


class SourceWithoutText(ProofroomError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The source has no text"


async def read(session: AsyncSession, kept: Kept) -> Source:
    """Raises Invalid, SourceNotReady and SourceWithoutText, each at the id."""
    match kept.type:
        case "file":
            return await _file(session, kept)
        case "post":
            return await _post(session, kept)
        case unknown:
            assert_never(unknown)


async def project(session: AsyncSession, kept: Kept) -> UUID | None:
    """In which the file lies, or in which the post was written; None, too, for what is not there."""
    match kept.type:
        case "file":
            return await session.scalar(select(File.project_id).where(File.id == kept.id))
        case "post":
            written = (
                select(Workflow.project_id)
                .join(PublishingJob, PublishingJob.workflow_id == Workflow.id)
                .join(Post, Post.publishing_job_id == PublishingJob.id)
            )
            return await session.scalar(written.where(Post.id == kept.id))
        case unknown:
            assert_never(unknown)


async def _file(session: AsyncSession, kept: Kept) -> Source:
    try:
        found = await extractions.find(session, kept.id)
    except NotFound as error:
        raise _missing(kept) from error
    match found.status:
        case ExtractionStatus.PENDING | ExtractionStatus.PROCESSING:
            detail = f"The file is still being read: {found.progress}% done."
            raise SourceNotReady(
                detail,
                remedy=f"Wait for it with GET /v1/files/{kept.id}/text?wait=30, then start again.",
                errors=[FieldError(kept.pointer, detail)],
            )
        case ExtractionStatus.FAILED:
            detail = f"The file cannot be read: {found.error or 'for no reason that was recorded.'}"
            raise _without_text(kept, detail)
        case ExtractionStatus.COMPLETED:
            file = await session.get_one(File, kept.id)
            if not (found.text or "").strip():
                raise _without_text(kept, f"There are no words in {file.name}.")
            places = tuple(Beginning.model_validate(place) for place in found.places or ())
            return Source(
                type="file",
                text=found.text or "",
                title=found.title or PurePath(file.name).stem,
                id=kept.id,
                places=places or None,
            )
        case unknown:
            assert_never(unknown)


async def _post(session: AsyncSession, kept: Kept) -> Source:
    post = await session.get(Post, kept.id)
    if post is None:
        raise _missing(kept)
    text = next((text for text in (post.text_content, post.html_content) if text and text.strip()), None)
    if text is None:
        raise _without_text(kept, "The post has no words.")
    return Source(type="post", text=text, title=post.title, url=post.url, id=kept.id)


def _missing(kept: Kept) -> Invalid:
    detail = f"There is no such {kept.type}."
    return Invalid(detail, errors=[FieldError(kept.pointer, detail)])


def _without_text(kept: Kept, detail: str) -> SourceWithoutText:
    remedy = "Choose another one, or paste the text itself as a text source."
    return SourceWithoutText(detail, remedy=remedy, errors=[FieldError(kept.pointer, detail)])
