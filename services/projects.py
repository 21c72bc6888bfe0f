"""Projects: what a workspace writes about."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.principal import Principal
from models import Project
from services import pages, rows


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


async def change(session: AsyncSession, project_id: UUID, changes: Mapping[str, object]) -> Project:
    project = await find(session, project_id)
    await rows.change(session, project, changes)
    return project


async def delete(session: AsyncSession, project_id: UUID) -> None:
    """Its workflows stay, without a project."""
    await session.delete(await find(session, project_id))
    await session.flush()
