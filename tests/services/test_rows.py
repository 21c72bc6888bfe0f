"""What somebody else deletes between our look and our write is not there: no mistake of the service's."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import Database
from core.errors import NotFound
from services.library import projects
from services.media import clips
from services.operations.schema_samples import fill
from services.style import style_rules
from services.syndication import feed_polling, feeds

Use = Callable[[AsyncSession, UUID], Awaitable[Any]]

LOOK_AND_WRITE: dict[str, tuple[Use, Use]] = {
    "clips": (clips.find, clips.request_cut),
    "style_rules": (
        style_rules.find,
        lambda session, id_: style_rules.change(session, id_, {"scope": "user"}),
    ),
    "feeds": (feeds.find, feed_polling.claim_one),
    "projects": (projects.find, lambda session, id_: projects.change(session, id_, {"title": "Autumn"})),
}


async def test_what_was_just_deleted_is_not_found(db: Database) -> None:
    async with db.service() as session:
        made = await (await session.connection()).run_sync(fill)
    workspace_id, user_id = made["workspaces"]["id"], made["users"]["id"]
    found: list[str] = []

    async def write_what_is_gone(table: str) -> None:
        look, write = LOOK_AND_WRITE[table]
        row_id = made[table]["id"]
        async with db.tenant(workspace_id, user_id) as session:
            _ = await look(session, row_id)  # and kept, so that the session knows it still
            found.append(table)
            async with db.service(workspace_id) as other:
                await other.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": row_id})
            await write(session, row_id)

    for table in LOOK_AND_WRITE:
        with pytest.raises(NotFound):
            await write_what_is_gone(table)
    assert found == [*LOOK_AND_WRITE]
