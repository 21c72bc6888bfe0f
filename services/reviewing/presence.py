"""Who is looking at a review just now. People say so again and again; whoever has not for a while is gone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.principal import Principal
from core.sql import Connection, Statement, connection_of
from services.events import PRESENCE_CHANNEL
from services.reviewing import review_views

SEEN_SECONDS: Final = 45
"""So long somebody counts as looking; say so at least every 20 seconds, so that one lost call does no harm."""


@dataclass(frozen=True, slots=True)
class Viewer:
    user_id: UUID
    username: str
    seen_at: datetime


_RECENT: Final = f"seen_at > now() - interval '{SEEN_SECONDS} seconds'"
_NOTIFY: Final = f"pg_notify('{PRESENCE_CHANNEL}', r.workspace_id::text)"

# Both tell of a change, not of what is said once more; and find nothing where there is no such review.
_LOOK = Statement.of(f"""
WITH before AS (
    SELECT FROM review_presence WHERE review_id = :review_id AND user_id = :user_id AND {_RECENT}
), kept AS (
    INSERT INTO review_presence (workspace_id, review_id, user_id)
    SELECT workspace_id, id, :user_id FROM reviews WHERE id = :review_id
    ON CONFLICT (review_id, user_id) DO UPDATE SET seen_at = now()
)
SELECT CASE WHEN NOT EXISTS (SELECT FROM before) THEN {_NOTIFY} END AS told FROM reviews r WHERE r.id = :review_id
""")
_LEAVE = Statement.of(f"""
WITH gone AS (
    DELETE FROM review_presence WHERE review_id = :review_id AND user_id = :user_id RETURNING seen_at
)
SELECT CASE WHEN EXISTS (SELECT FROM gone WHERE {_RECENT}) THEN {_NOTIFY} END AS told
FROM reviews r WHERE r.id = :review_id
""")
_VIEWERS = Statement.of(f"""
SELECT v.review_id, v.user_id, p.username, v.seen_at
FROM review_presence v JOIN workspace_people() p ON p.user_id = v.user_id
WHERE v.{_RECENT} AND (CAST(:review_ids AS uuid[]) IS NULL OR v.review_id = ANY(CAST(:review_ids AS uuid[])))
ORDER BY v.created_at, v.user_id
""")


async def look(session: AsyncSession, principal: Principal, review_id: UUID) -> None:
    """Say that somebody is looking, by the database's clock. Raises NotFound."""
    await _found(session, _LOOK, {"review_id": review_id, "user_id": principal.user_id})


async def leave(session: AsyncSession, principal: Principal, review_id: UUID) -> None:
    """Whether they looked or not. Raises NotFound."""
    await _found(session, _LEAVE, {"review_id": review_id, "user_id": principal.user_id})


async def viewers(
    connection: Connection, review_ids: Iterable[UUID] | None = None
) -> Mapping[UUID, Sequence[Viewer]]:
    """Of these reviews, or of all in the workspace, those that somebody looks at, first-comers first."""
    found: dict[UUID, list[Viewer]] = defaultdict(list)
    wanted = None if review_ids is None else [*review_ids]
    for row in await sql.rows(connection, _VIEWERS, {"review_ids": wanted}):
        found[row["review_id"]].append(Viewer(row["user_id"], row["username"], row["seen_at"]))
    return dict(found)


async def of_review(connection: Connection, review_id: UUID) -> Sequence[Viewer]:
    """Raises NotFound."""
    await review_views.require(connection, review_id)
    return (await viewers(connection, [review_id])).get(review_id, [])


async def _found(session: AsyncSession, statement: Statement, parameters: dict[str, Any]) -> None:
    if await sql.row(connection_of(session), statement, parameters) is None:
        raise review_views.missing()
