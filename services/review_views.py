"""Reviews as people read them: the inbox, and all that a decision needs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from core import sql
from core.content import Content
from core.errors import NotFound
from core.sql import Connection, Row, Statement
from graphs.payloads import Allowed
from graphs.records import content_of
from models import ReviewStatus
from platforms.registry import PLATFORMS, PlatformName
from services import pages

OPENING: Final = 200
"""Characters of the draft that the inbox shows."""
_QUICK: Final = 5000
"""Characters; longer articles take so long to render that it is not done on the event loop."""


@dataclass(frozen=True, slots=True)
class ItemView:
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    platform: str
    status: str
    score: int | None
    draft_id: UUID
    opening: str
    assignee_id: UUID | None
    due_at: datetime | None
    decision: str | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """Drafts, evaluations and accounts as their rows read in JSON."""

    item: ItemView
    draft: Row
    content: Content
    evaluation: Row | None
    earlier_drafts: Sequence[Row]
    """Oldest first, each with its latest `evaluation`."""
    accounts: Sequence[Row]
    """Those that it could go out with."""
    account: Row | None
    """The one that it goes out with, unless the decision names another."""
    seen_hash: str
    schedule_for: datetime | None
    refusal: dict[str, str] | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    status: ReviewStatus | None = None
    platform: PlatformName | None = None
    workflow_id: UUID | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False


async def browse(connection: Connection, wanted: pages.Wanted, filters: Filters) -> pages.Slice[ItemView]:
    given = {name: value for name in filters.__slots__ if (value := getattr(filters, name))}
    statement = _page(frozenset(given), goes_on=wanted.after is not None)
    rows = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    items = [take_item(row) for row in rows]
    return pages.cut(items, wanted, lambda item: pages.Position(item.created_at, item.id))


async def find_item(connection: Connection, review_id: UUID) -> ItemView:
    """Raises NotFound."""
    return take_item(await read(connection, _ITEM, {"id": review_id}))


async def find(connection: Connection, review_id: UUID) -> ReviewView:
    """Raises NotFound."""
    found = await read(connection, _WHOLE, {"id": review_id})
    *earlier, draft = found["drafts"]
    accounts = found["accounts"] or []
    return ReviewView(
        item=take_item(found),
        draft=draft,
        content=content_of(draft),
        evaluation=draft["evaluation"],
        earlier_drafts=earlier,
        accounts=[account for account in accounts if account["status"] == "active"],
        account=next((each for each in accounts if each["id"] == str(found["connected_account_id"])), None),
        seen_hash=found["seen_hash"],
        schedule_for=found["schedule_for"],
        refusal=found["refusal"],
        comment=found["comment"],
    )


async def read(connection: Connection, statement: Statement, parameters: dict[str, Any]) -> Row:
    """One of a review's own columns and more: see `ITEM`. Raises NotFound."""
    found = await sql.row(connection, statement, parameters)
    if found is None:
        raise NotFound("There is no such review.")
    return found


def take_item(found: Row) -> ItemView:
    return ItemView(*(found[name] for name in ItemView.__slots__))


async def preview(view: ReviewView) -> dict[str, JsonValue]:
    """The draft as its platform shows it."""
    shown = PLATFORMS[PlatformName(view.item.platform)].preview
    long = len(view.content.content) > _QUICK
    return await asyncio.to_thread(shown, view.content) if long else shown(view.content)


def allowed(view: ReviewView) -> list[Allowed]:
    """What may be decided now: only a text that its platform would take can be accepted."""
    if view.item.status != "pending":
        return []
    others: list[Allowed] = ["edit", "regenerate", "reject"]
    violations = PLATFORMS[PlatformName(view.item.platform)].policy.violations(view.content)
    return others if violations else ["accept", *others]


ITEM: Final = f"""
SELECT r.id, d.workflow_id, r.thread_id, d.platform, r.status, e.score, r.draft_id, left(d.content, {OPENING}) AS opening,
    r.assignee_id, r.due_at, r.decision, r.decided_by, r.decided_at, r.created_at"""
"""`ItemView`, to be followed by what else is wanted and by `OF_REVIEW`."""
_OF = """JOIN drafts d ON d.id = r.draft_id
LEFT JOIN LATERAL (
    SELECT score FROM evaluations WHERE draft_id = d.id ORDER BY created_at DESC, id DESC LIMIT 1
) e ON true"""
OF_REVIEW: Final = f" FROM reviews r {_OF} WHERE r.id = :id"
_ITEM: Final = Statement.of(ITEM + OF_REVIEW)
_WHOLE: Final = Statement.of(f"""
{ITEM}, r.seen_hash, r.schedule_for, r.refusal, r.comment, r.connected_account_id, (
    SELECT jsonb_agg(to_jsonb(each) || jsonb_build_object('evaluation', (
        SELECT to_jsonb(of_it) FROM evaluations of_it WHERE of_it.draft_id = each.id
        ORDER BY of_it.created_at DESC, of_it.id DESC LIMIT 1
    )) ORDER BY each.sequence, each.created_at)
    FROM drafts each
    WHERE each.thread_id = r.thread_id AND (each.sequence < d.sequence OR each.id = d.id)
) AS drafts, (
    SELECT jsonb_agg(jsonb_build_object('id', a.id, 'username', a.username, 'display_name', a.display_name,
        'status', a.status, 'simulated', a.simulated) ORDER BY a.simulated, a.created_at, a.id)
    FROM connected_accounts a WHERE a.platform = d.platform
) AS accounts
{OF_REVIEW}""")
_CONDITIONS: Final = {
    "status": "status = :status",
    "platform": "platform = :platform",
    "workflow_id": "thread_id IN (SELECT id FROM platform_states WHERE workflow_id = :workflow_id)",
    "assignee_id": "assignee_id = :assignee_id",
    "unassigned": "assignee_id IS NULL",
}
"""By the filters' names."""


@cache
def _page(given: frozenset[str], *, goes_on: bool) -> Statement:
    """It is cut before anything is joined to it: in a big workspace the planner takes a join for so much smaller than it
    is that it would make all of it first."""
    page = pages.of_table("reviews", [_CONDITIONS[name] for name in sorted(given)], goes_on=goes_on)
    return Statement.of(f"{ITEM} FROM ({page}) r {_OF} ORDER BY r.created_at DESC, r.id DESC")
