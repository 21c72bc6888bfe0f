"""The text of files: asked for with the upload, got by the queue, read by whoever writes about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.errors import Conflict, NotFound
from core.settings import Settings
from models import Extraction, ExtractionStatus, File
from services import queue

TASK: Final = "extract"
LOST_AFTER: Final = timedelta(hours=1)
"""After so long somebody looks after what was asked for and not begun: its job is lost."""
_BATCH: Final = 100
ENDED: Final = frozenset({ExtractionStatus.COMPLETED, ExtractionStatus.FAILED})


class ExtractionUnderWay(Conflict):
    title = "Its text is being got"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a file's text; `text` and what belongs to it once it is `completed`."""

    file_id: UUID
    status: ExtractionStatus
    progress: int
    error: str | None
    retryable: bool
    """Whether `again` may help."""
    text: str | None
    places: list[dict[str, Any]] | None
    title: str | None
    language: str | None


async def request(session: AsyncSession, workspace_id: UUID, file_id: UUID) -> None:
    """Have the file's text got, anew where there is some; it begins once the caller commits."""
    asked = {"extraction_status": ExtractionStatus.PENDING, "error": None, "retryable": False}
    await session.execute(update(File).where(File.id == file_id).values(asked))
    first = {"file_id": file_id, "workspace_id": workspace_id, "due_at": func.now() + LOST_AFTER}
    anew: dict[str, Any] = {
        "text": None,
        "places": [],
        "title": None,
        "language": None,
        "progress": 0,
        "attempts": 0,
        "epoch": Extraction.epoch + 1,  # whoever works on it writes nothing any more
        "due_at": func.now() + LOST_AFTER,
    }
    statement = insert(Extraction).values(first)
    await session.execute(statement.on_conflict_do_update(index_elements=["file_id"], set_=anew))
    await queue.defer(session, TASK, queue=queue.SLOW, workspace_id=workspace_id, file_id=file_id)


async def again(session: AsyncSession, file_id: UUID) -> Found:
    """For a person. Raises NotFound and ExtractionUnderWay."""
    found = await find(session, file_id)
    if found.status not in ENDED:
        raise ExtractionUnderWay(
            f"The text of this file is {found.status}.",
            remedy=f"Wait for it: GET /v1/files/{file_id}/text?wait=30",
        )
    file = await session.get_one(File, file_id)
    await request(session, file.workspace_id, file_id)
    return await find(session, file_id)


async def find(session: AsyncSession, file_id: UUID) -> Found:
    """Raises NotFound."""
    columns = (
        *(File.id, File.extraction_status, func.coalesce(Extraction.progress, 0), File.error, File.retryable),
        *(Extraction.text, Extraction.places, Extraction.title, Extraction.language),
    )
    statement = (
        select(*columns).outerjoin(Extraction, Extraction.file_id == File.id).where(File.id == file_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such file.")
    return Found(*row)


async def progress(session: AsyncSession, file_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """In percent, of those that were asked for."""
    statement = select(Extraction.file_id, Extraction.progress).where(Extraction.file_id.in_(file_ids))
    return {row.file_id: row.progress for row in await session.execute(statement)}


async def retry_lost(db: Database, settings: Settings) -> int:
    """Those whose worker was not heard of for a minute, and those that nobody has begun for an hour."""
    due = (
        select(File.id, File.workspace_id)
        .join(Extraction, Extraction.file_id == File.id)
        .where(Extraction.due_at < func.now())
        .order_by(Extraction.due_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    async with db.service() as session:
        found = (await session.execute(due)).all()
        files = [row.id for row in found]
        pending = {"extraction_status": ExtractionStatus.PENDING}
        await session.execute(update(File).where(File.id.in_(files)).values(pending))
        freed = {"due_at": func.now() + LOST_AFTER, "epoch": Extraction.epoch + 1}
        await session.execute(update(Extraction).where(Extraction.file_id.in_(files)).values(freed))
        for row in found:
            await queue.defer(session, TASK, queue=queue.SLOW, workspace_id=row.workspace_id, file_id=row.id)
    return len(found)
