"""Files of projects: a row and the object that it names. A row is never without its object but by an accident."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.principal import Principal
from models import File
from services import pages, rows
from services.library import extractions, projects
from services.library.file_receiving import Whole

OBJECT_TASK: Final = "delete_object"
"""Put into the queue by a trigger, since rows also go with their project or workspace."""
MISSING: Final = "The file's bytes are not in the storage any more. Upload it again."
"""Said of one that an accident has taken; `file_orphans` knows its rows by it."""


async def add(
    session: AsyncSession,
    principal: Principal,
    project_id: UUID,
    name: str,
    whole: Whole,
    file_id: UUID | None = None,
) -> File:
    """The row of what `received` has stored; its text is asked for in the same commit."""
    await projects.find(session, project_id)
    file = File(
        **({"id": file_id} if file_id else {}),
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        project_id=project_id,
        name=name,
        path=whole.path,
        mime_type=whole.type.mime,
        size_bytes=whole.size,
        sha256=whole.sha256,
    )
    session.add(file)
    await session.flush()
    await extractions.request(session, principal.workspace_id, file.id)
    await session.refresh(file)
    return file


async def browse(session: AsyncSession, project_id: UUID, wanted: pages.Wanted) -> pages.Slice[File]:
    await projects.find(session, project_id)
    statement = select(File).where(File.project_id == project_id)
    return await pages.page(session, statement, (File.created_at, File.id), wanted)


async def find(session: AsyncSession, file_id: UUID) -> File:
    return await rows.find(session, File, file_id, "file")


async def delete(session: AsyncSession, file_id: UUID) -> None:
    """The object goes after the commit: a trigger puts that into the queue."""
    await session.delete(await find(session, file_id))
    await session.flush()


async def publish(session: AsyncSession, file_id: UUID, public_url: str | None) -> File:
    """None: not public any more."""
    file = await find(session, file_id)
    await rows.change(session, file, {"public_url": public_url})
    return file
