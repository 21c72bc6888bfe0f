"""What is out, or was, as people read it: each post with where it came from."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from core import sql
from core.errors import NotFound
from core.sql import Connection, Row, Statement
from models import TakedownStatus
from platforms.registry import PLATFORMS, PlatformName
from services import pages

SEARCH_CONFIGURATION: Final = "pg_catalog.simple"
"""The one that the trigger on `posts` builds search_vector with: words as they are, whatever the language."""
_OPENING: Final = 280
_MAILED: Final = tuple(name.value for name, platform in PLATFORMS.items() if platform.mails)


@dataclass(frozen=True, slots=True)
class PostView:
    id: UUID
    platform: str
    platform_post_id: str
    account_id: UUID | None
    campaign_id: UUID | None
    content_type: str
    title: str | None
    text: str | None
    url: str | None
    simulated: bool
    published: bool
    takedown_status: str
    published_at: datetime
    created_at: datetime
    updated_at: datetime
    job_id: UUID | None
    workflow_id: UUID | None
    source: Row | None
    """type, title, url and opening of what it was made from."""
    account_name: str | None
    approved_by_name: str | None
    can_take_down: bool
    """By its platform: otherwise only a person can, there."""
    takedown_problem: str | None
    """Why the last try to take it down did not succeed."""

    @property
    def mailed(self) -> bool:
        """It cannot be called back at all."""
        return self.platform in _MAILED

    @property
    def opening(self) -> str | None:
        """The first of the words."""
        return self.text and self.text[:_OPENING]


async def browse(
    connection: Connection,
    wanted: pages.Wanted,
    *,
    words: str | None = None,
    platform: PlatformName | None = None,
    takedown_status: TakedownStatus | None = None,
) -> pages.Slice[PostView]:
    """`words` as people type them into a search engine: "a phrase", or, -without."""
    wished = {"words": words, "platform": platform, "takedown_status": takedown_status}
    given = {name: value for name, value in wished.items() if value is not None}
    statement = _page(frozenset(given), goes_on=wanted.after is not None)
    found = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    views = [PostView(**row) for row in found]
    return pages.cut(views, wanted, lambda view: pages.Position(view.created_at, view.id))


async def find(connection: Connection, post_id: UUID) -> PostView:
    """Raises NotFound."""
    found = await sql.row(connection, _ONE, {"id": post_id})
    if found is None:
        raise NotFound("There is no such post.")
    return PostView(**found)


_QUOTED: Final = ", ".join(f"'{name}'" for name in _MAILED)
_CONDITIONS: Final = {
    "words": f"search_vector @@ websearch_to_tsquery('{SEARCH_CONFIGURATION}', :words)",
    "platform": "platform = :platform",
    "takedown_status": "takedown_status = :takedown_status",
}
_VIEW: Final = f"""
SELECT p.id, p.platform, p.platform_post_id, p.connected_account_id AS account_id, p.campaign_id, p.content_type,
    p.title, p.text_content AS text, p.url, p.simulated, p.published,
    p.takedown_status, coalesce(p.created_at_platform, p.created_at) AS published_at, p.created_at, p.updated_at,
    p.publishing_job_id AS job_id, j.workflow_id, CASE WHEN w.id IS NOT NULL THEN jsonb_build_object(
        'type', coalesce(w.source_content ->> 'type', 'text'), 'title', w.source_content ->> 'title',
        'url', w.source_content ->> 'url', 'opening', left(w.source_content ->> 'text', 200)
    ) END AS source,
    coalesce(nullif(a.display_name, ''), a.username) AS account_name,
    coalesce(nullif(who.display_name, ''), who.username) AS approved_by_name,
    p.takedown_status = 'active' AND p.connected_account_id IS NOT NULL AND p.platform <> ALL(ARRAY[{_QUOTED}])
        AND p.platform_post_id IS DISTINCT FROM p.url AS can_take_down, (
        SELECT CASE WHEN t.outcome <> 'confirmed' THEN t.evidence ->> 'detail' END
        FROM publishing_attempts t WHERE t.publishing_job_id = p.publishing_job_id AND t.kind = 'unpublish'
        ORDER BY t.started_at DESC LIMIT 1
    ) AS takedown_problem
"""
_AROUND: Final = """
    LEFT JOIN publishing_jobs j ON j.id = p.publishing_job_id
    LEFT JOIN workflows w ON w.id = j.workflow_id
    LEFT JOIN reviews r ON r.id = j.review_id
    LEFT JOIN connected_accounts a ON a.id = p.connected_account_id
    LEFT JOIN workspace_people() who ON who.user_id = r.decided_by
"""
_ONE: Final = Statement.of(f"{_VIEW} FROM posts p {_AROUND} WHERE p.id = :id")


@cache
def _page(given: frozenset[str], *, goes_on: bool) -> Statement:
    conditions = [_CONDITIONS[name] for name in sorted(given)]
    page = pages.of_table("posts", conditions, goes_on=goes_on)
    return Statement.of(f"{_VIEW} FROM ({page}) p {_AROUND} ORDER BY p.created_at DESC, p.id DESC")
