"""What people say to each other about a review."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from core import sql
from core.principal import Principal
from core.sql import Connection, Statement
from services import pages
from services.reviewing import review_views

LONGEST: Final = 10_000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Comment:
    id: UUID
    review_id: UUID
    author_id: UUID | None
    author: str | None
    """None: who wrote it has left the workspace."""
    body: str
    created_at: datetime


async def browse(connection: Connection, review_id: UUID, wanted: pages.Wanted) -> pages.Slice[Comment]:
    """Newest first. Raises NotFound for a review that is not there."""
    parameters = {"review_id": review_id, **pages.parameters(wanted)}
    comments = [
        Comment(**row) for row in await sql.rows(connection, _page(wanted.after is not None), parameters)
    ]
    if not comments:
        await review_views.require(connection, review_id)
    return pages.cut(comments, wanted, lambda comment: pages.Position(comment.created_at, comment.id))


async def add(connection: Connection, principal: Principal, review_id: UUID, body: str) -> Comment:
    """`body` as it is to be kept, at most `LONGEST`. Raises NotFound."""
    comment_id = uuid7()
    given = {
        "id": comment_id,
        "workspace_id": principal.workspace_id,
        "review_id": review_id,
        "author_id": principal.user_id,
        "body": body,
    }
    added = await sql.row(connection, _ADD, given)
    if added is None:
        raise review_views.missing()
    return Comment(comment_id, review_id, principal.user_id, principal.username, body, added["created_at"])


_ADD: Final = Statement.of("""
INSERT INTO review_comments (id, workspace_id, review_id, author_id, body)
SELECT :id, :workspace_id, id, :author_id, :body FROM reviews WHERE id = :review_id
RETURNING created_at""")


@cache
def _page(goes_on: bool) -> Statement:
    page = pages.of_table("review_comments", ["review_id = :review_id"], goes_on=goes_on)
    return Statement.of(f"""
SELECT c.id, c.review_id, c.author_id, coalesce(p.username, c.author) AS author, c.body, c.created_at
FROM ({page}) c LEFT JOIN workspace_people() p ON p.user_id = c.author_id
ORDER BY {pages.NEWEST.by}""")
