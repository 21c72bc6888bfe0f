"""Projects: what a workspace writes about."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.principal import Principal
from models import File, Project
from services import pages, rows


class Part(StrEnum):
    FILES = "files"
    OUTPUTS = "outputs"


SHOWN: Final = 50
"""Of each part, the newest: lists of their own have the rest."""
UPLOADS_TITLE: Final = "Uploads"
WHOLE: Final = text("""
SELECT p.*,
    CASE WHEN :files THEN (
        SELECT coalesce(jsonb_agg(to_jsonb(f) || jsonb_build_object('sha256', encode(f.sha256, 'hex'))
            ORDER BY created_at DESC, id DESC), '[]')
        FROM (SELECT * FROM files WHERE project_id = p.id ORDER BY created_at DESC, id DESC LIMIT :shown) f
    ) END AS files,
    CASE WHEN :outputs THEN (
        SELECT coalesce(jsonb_agg(to_jsonb(o) ORDER BY created_at DESC, id DESC), '[]')
        FROM (
            SELECT *, workflow_status = 'archived' AS archived FROM outputs
            WHERE project_id = p.id ORDER BY created_at DESC, id DESC LIMIT :shown
        ) o
    ) END AS outputs
FROM projects p WHERE p.id = :id
""")


async def create(
    session: AsyncSession, principal: Principal, *, title: str, description: str | None
) -> Project:
    project = Project(
        workspace_id=principal.workspace_id, user_id=principal.user_id, title=title, description=description
    )
    session.add(project)
    await session.flush()
    await session.refresh(project)
    return project


async def browse(session: AsyncSession, wanted: pages.Wanted) -> pages.Slice[Project]:
    return await pages.page(session, select(Project), (Project.created_at, Project.id), wanted)


async def find(session: AsyncSession, project_id: UUID) -> Project:
    return await rows.find(session, Project, project_id, "project")


async def whole(session: AsyncSession, project_id: UUID, parts: Collection[Part]) -> Mapping[str, Any]:
    """The project and what is asked for of what is in it, in one statement."""
    wanted = {part.value: part in parts for part in Part}
    given = {"id": project_id, "shown": SHOWN, **wanted}
    found = (await session.execute(WHOLE, given)).mappings().one_or_none()
    if found is None:
        raise NotFound("There is no such project.")
    return {name: value for name, value in found.items() if wanted.get(name, True)}


async def counts(session: AsyncSession, project_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many files each has; those without any are not named."""
    number = func.count().label("number")
    statement = select(File.project_id, number).where(File.project_id.in_(project_ids))
    found = await session.execute(statement.group_by(File.project_id))
    return {row.project_id: row.number for row in found}


async def for_uploads(session: AsyncSession, principal: Principal) -> Project:
    """Where files go for which nobody has chosen a project: the oldest of this title, made when it is first needed."""
    # Two files that are dropped at once find one project.
    await rows.alone(session, f"for_uploads {principal.workspace_id}")
    oldest = select(Project).where(Project.title == UPLOADS_TITLE).order_by(Project.created_at).limit(1)
    found = await session.scalar(oldest)
    return found or await create(session, principal, title=UPLOADS_TITLE, description=None)


async def change(session: AsyncSession, project_id: UUID, changes: Mapping[str, object]) -> Project:
    project = await find(session, project_id)
    await rows.change(session, project, changes)
    return project


async def delete(session: AsyncSession, project_id: UUID) -> None:
    """Its files go with it, and what is stored of them after the commit; its workflows stay, without a project."""
    await session.delete(await find(session, project_id))
    await session.flush()
