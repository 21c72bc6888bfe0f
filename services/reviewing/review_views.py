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
from services.reviewing import review_filters
from services.reviewing.review_filters import Filters, Sort

OPENING: Final = 200
"""Characters of the draft that the inbox shows."""
COUNTED: Final = 200
_QUICK: Final = 5000
"""Characters; longer articles take so long to render that it is not done on the event loop."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a list shows to people instead of ids."""

    quality_bar: int
    """Of the workflow."""
    project_id: UUID | None
    project_title: str | None
    account_name: str | None
    """Of the account that it goes out with, unless the decision names another."""
    assignee_name: str | None
    decided_by_name: str | None


@dataclass(frozen=True, slots=True)
class ItemView:
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    platform: str
    status: str
    score: int | None
    draft_id: UUID
    title: str | None
    opening: str
    violation_count: int
    """Of the draft's latest evaluation."""
    seen_hash: str
    schedule_for: datetime | None
    assignee_id: UUID | None
    due_at: datetime | None
    decision: str | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime
    names: Names | None = None
    """Where they were asked for."""

    @property
    def acceptable(self) -> bool:
        return self.status == ReviewStatus.PENDING and not self.violation_count


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
    refusal: dict[str, str] | None
    comment: str | None
    edited: Row | None
    """What the decision changed of `content`, `metadata` and `media`; null stayed."""
    approved: bool | None
    """Whether the decision let the words out; None before there is one."""
    decided_via: str | None


async def browse(
    connection: Connection,
    wanted: pages.Wanted,
    filters: Filters,
    sort: Sort = Sort.NEWEST,
    *,
    named: bool = False,
) -> pages.Slice[ItemView]:
    """Raises Invalid for a filter or an order that is only of what is pending, when something else is wanted."""
    given = filters.given(sort)
    statement = _page(frozenset(given), sort, goes_on=wanted.after is not None, named=named)
    rows = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    items = [take_item(row) for row in rows]
    return pages.cut(items, wanted, lambda item: pages.Position(item.created_at, item.id, item.due_at))


async def count(connection: Connection, filters: Filters) -> int:
    """How many there are, or `COUNTED` + 1 when they are more than that. Raises Invalid as `browse` does."""
    given = filters.given()
    found = await sql.row(connection, _count(frozenset(given)), given)
    assert found is not None
    return int(found["count"])


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
        refusal=found["refusal"],
        comment=found["comment"],
        edited=found["edited"],
        approved=found["approved_hash"] is not None if found["decision"] else None,
        decided_via=found["decided_via"],
    )


async def read(connection: Connection, statement: Statement, parameters: dict[str, Any]) -> Row:
    """A review by a statement that begins with `ITEM`. Raises NotFound."""
    found = await sql.row(connection, statement, parameters)
    if found is None:
        raise missing()
    return found


async def require(connection: Connection, review_id: UUID) -> None:
    """Raises NotFound."""
    if await sql.row(connection, _EXISTS, {"id": review_id}) is None:
        raise missing()


def missing() -> NotFound:
    return NotFound("There is no such review.")


def take_item(found: Row) -> ItemView:
    names = Names(*(found[name] for name in Names.__slots__)) if "project_id" in found else None
    return ItemView(**{name: found[name] for name in _OWN}, names=names)


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
SELECT r.id, d.workflow_id, r.thread_id, d.platform, r.status, e.score, r.draft_id,
    nullif(d.metadata ->> 'title', '') AS title, left(d.content, {OPENING}) AS opening,
    coalesce(jsonb_array_length(e.violations), 0) AS violation_count, r.seen_hash, r.schedule_for,
    r.assignee_id, r.due_at, r.decision, r.decided_by, r.decided_at, r.created_at"""
"""`ItemView`, to be followed by what else is wanted and by `OF_REVIEWS`."""
# Asked once, and only where somebody is to be named.
_PEOPLE: Final = "WITH people AS MATERIALIZED (SELECT user_id, username FROM workspace_people())"
NAMED: Final = f"""
{_PEOPLE} {ITEM}, coalesce((w.manual_options ->> 'quality_bar')::integer, 80) AS quality_bar,
    w.project_id, (SELECT title FROM projects WHERE id = w.project_id) AS project_title,
    (SELECT coalesce(nullif(display_name, ''), username) FROM connected_accounts WHERE id = r.connected_account_id)
        AS account_name,
    CASE WHEN r.assignee_id IS NOT NULL THEN (SELECT username FROM people WHERE user_id = r.assignee_id) END
        AS assignee_name,
    CASE WHEN r.decided_by IS NOT NULL THEN (SELECT username FROM people WHERE user_id = r.decided_by) END
        AS decided_by_name"""
_OWN: Final = ItemView.__slots__[:-1]
_OF = """JOIN drafts d ON d.id = r.draft_id
LEFT JOIN LATERAL (
    SELECT score, violations FROM evaluations WHERE draft_id = d.id ORDER BY created_at DESC, id DESC LIMIT 1
) e ON true"""
_OF_NAMED = f"{_OF} JOIN workflows w ON w.id = d.workflow_id"
OF_REVIEWS: Final = f" FROM reviews r {_OF}"
OF_NAMED_REVIEWS: Final = f" FROM reviews r {_OF_NAMED}"
_OF_NAMED_REVIEW: Final = f"{OF_NAMED_REVIEWS} WHERE r.id = :id"
_EXISTS: Final = Statement.of("SELECT id FROM reviews WHERE id = :id")
_ITEM: Final = Statement.of(NAMED + _OF_NAMED_REVIEW)
_WHOLE: Final = Statement.of(f"""
{NAMED}, r.refusal, r.comment, r.edited, r.approved_hash, r.decided_via, r.connected_account_id, (
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
{_OF_NAMED_REVIEW}""")


@cache
def _page(given: frozenset[str], sort: Sort, *, goes_on: bool, named: bool) -> Statement:
    """It is cut before anything is joined to it: in a big workspace the planner takes a join for so much smaller than it
    is that it would make all of it first."""
    order = review_filters.ORDERS[sort]
    page = pages.of_table("reviews", review_filters.where(given, sort), goes_on=goes_on, order=order)
    columns, joined = (NAMED, _OF_NAMED) if named else (ITEM, _OF)
    return Statement.of(f"{columns} FROM ({page}) r {joined} ORDER BY {order.by}")


@cache
def _count(given: frozenset[str]) -> Statement:
    where = " AND ".join(["true", *review_filters.where(given, Sort.NEWEST)])
    return Statement.of(
        f"SELECT count(*) AS count FROM (SELECT FROM reviews WHERE {where} LIMIT {COUNTED + 1}) counted"
    )
