"""Who belongs to the session's workspace, by name: row security shows a request its own user only."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_PEOPLE = text("SELECT user_id, username, display_name FROM workspace_people()")


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    display_name: str | None


async def of_workspace(session: AsyncSession) -> dict[UUID, Person]:
    rows = (await session.execute(_PEOPLE)).all()
    return {row.user_id: Person(row.username, row.display_name) for row in rows}
