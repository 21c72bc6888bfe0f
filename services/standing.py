"""As whom the current transaction sees the database; for what begins before, or reaches beyond, one workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_BECOME = text(
    "SELECT set_config('proofroom.user_id', :user_id, true), set_config('proofroom.workspace_id', :workspace_id, true)"
)
_ENTER = text("SELECT set_config('proofroom.workspace_id', :workspace_id, true)")
_WHERE = text("SELECT coalesce(current_setting('proofroom.workspace_id', true), '')")


async def become(session: AsyncSession, user_id: UUID, workspace_id: UUID | None) -> None:
    """Until the transaction ends: for the moment in which somebody has proved who they are."""
    await session.execute(_BECOME, {"user_id": str(user_id), "workspace_id": str(workspace_id or "")})


@asynccontextmanager
async def inside(session: AsyncSession, workspace_id: UUID) -> AsyncIterator[None]:
    """Act in another workspace for a while."""
    before = await session.scalar(_WHERE)
    await session.execute(_ENTER, {"workspace_id": str(workspace_id)})
    yield
    await session.flush()
    await session.execute(_ENTER, {"workspace_id": before})
