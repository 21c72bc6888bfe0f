"""Style samples, references and images that drafts are written with."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.principal import Principal
from models import Resource
from models.library import ResourceType
from services import pages, rows


async def create(
    session: AsyncSession, principal: Principal, *, kind: ResourceType, content: str, metadata: dict[str, Any]
) -> Resource:
    resource = Resource(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        type=kind,
        content=content,
        metadata_=metadata,
    )
    session.add(resource)
    await session.flush()
    await session.refresh(resource)
    return resource


async def browse(
    session: AsyncSession, wanted: pages.Wanted, kind: ResourceType | None = None
) -> pages.Slice[Resource]:
    statement = select(Resource)
    if kind is not None:
        statement = statement.where(Resource.type == kind)
    return await pages.page(session, statement, (Resource.created_at, Resource.id), wanted)


async def find(session: AsyncSession, resource_id: UUID) -> Resource:
    return await rows.find(session, Resource, resource_id, "resource")


async def change(session: AsyncSession, resource_id: UUID, changes: Mapping[str, object]) -> Resource:
    resource = await find(session, resource_id)
    await rows.change(session, resource, changes)
    return resource


async def delete(session: AsyncSession, resource_id: UUID) -> None:
    await session.delete(await find(session, resource_id))
    await session.flush()
