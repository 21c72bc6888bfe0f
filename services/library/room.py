"""What a workspace may take of the storage: nobody's files leave the others without room."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import TooLarge
from services import rows

_TAKEN: Final = text("""
SELECT (SELECT coalesce(sum(size_bytes), 0) FROM files WHERE workspace_id = :workspace_id)
    + (SELECT coalesce(sum(length), 0) FROM uploads
        WHERE workspace_id = :workspace_id AND received < length AND expires_at > now())
""")


class WorkspaceFull(TooLarge):
    title = "The workspace has no room left"


async def take(session: AsyncSession, workspace_id: UUID, more: int, most: int) -> None:
    """Before `more` bytes are written down, in the transaction that does it: those who come at once come one after the
    other. An upload takes all of its room when it begins. Raises WorkspaceFull."""
    await rows.alone(session, f"room {workspace_id}")
    await look(session, workspace_id, more, most)


async def look(session: AsyncSession, workspace_id: UUID, more: int, most: int) -> None:
    """Before anything is taken in; somebody may be faster. Raises WorkspaceFull."""
    taken = int(await session.scalar(_TAKEN, {"workspace_id": workspace_id}) or 0)
    if taken + more > most:
        raise WorkspaceFull(
            f"A workspace has {most} bytes for its files; {taken} are taken.",
            remedy="Delete files that nobody needs, or have the operator raise PROOFROOM_WORKSPACE_STORAGE.",
        )
