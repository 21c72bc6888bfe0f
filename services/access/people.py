"""The members of a workspace by name. A user's own row is seen by that user alone."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Person:
    user_id: UUID
    username: str
    display_name: str | None


_PEOPLE = text("SELECT user_id, username, display_name FROM workspace_people()")


async def of_workspace(session: AsyncSession) -> dict[UUID, Person]:
    found = await session.execute(_PEOPLE)
    return {row.user_id: Person(row.user_id, row.username, row.display_name) for row in found}
