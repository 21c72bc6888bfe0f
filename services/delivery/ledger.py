"""The ledger as people read it: every publishing job with its words, who approved them, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID

from core import sql
from core.errors import NotFound
from core.sql import Connection, Row, Statement
from models import JobStatus
from platforms.registry import PlatformName
from services import pages
from services.pages import NEWEST, Order


class Part(StrEnum):
    """Of the ledger."""

    ATTENTION = "attention"
    """A person has to do something."""
    COMING = "coming"
    """Goes out by itself: the next first."""
    DONE = "done"
    """Out, cancelled, or refused by the platform, which brings the text back to a reviewer."""


class Remedy(StrEnum):
    """What a person can do about a job; services/delivery/jobs.py does it."""

    RECONNECT = "reconnect"
    CHOOSE_ACCOUNT = "choose_account"
    RETRY = "retry"
    ASK = "ask"
    SAY = "say"
    REVIEW = "review"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class JobView:
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    draft_id: UUID
    review_id: UUID
    platform: str
    status: str
    simulated: bool
    scheduled_for: datetime | None
    published_at: datetime | None
    attempts: int
    approved_hash: str
    error: Row | None
    """code, detail, remedy."""
    created_at: datetime
    updated_at: datetime
    title: str | None
    opening: str
    """The first of the words."""
    source: Row
    """type, title, url and opening of what the words were made from."""
    account_id: UUID | None
    account_name: str | None
    account_status: str | None
    decision: str | None
    decided_at: datetime | None
    decided_by_name: str | None
    """None where they have left."""
    pending_review_id: UUID | None
    """The thread's."""
    post_id: UUID | None
    url: str | None

    @property
    def refused(self) -> bool:
        return (self.error or {}).get("code") == "Refused"

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The likeliest first."""
        if self.refused:
            return (Remedy.REVIEW,) if self.pending_review_id else ()
        match self.status:
            case "unknown":
                return Remedy.ASK, Remedy.SAY
            case "held":
                later = (Remedy.RESCHEDULE,) if self.account_id else ()
                return *self._again, *later, Remedy.CANCEL
            case "failed":
                return *self._again, Remedy.CANCEL
            case "queued" | "scheduled":
                return (Remedy.RESCHEDULE, Remedy.CANCEL) if self.account_id else (Remedy.CANCEL,)
            case _:
                return ()

    @property
    def _again(self) -> tuple[Remedy, ...]:
        if self.account_id is None:
            return (Remedy.CHOOSE_ACCOUNT,)
        return (Remedy.RETRY,) if self.account_status == "active" else (Remedy.RECONNECT,)


@dataclass(frozen=True, slots=True)
class Detail:
    job: JobView
    content: str
    """What was approved, and so what is sent."""
    metadata: dict[str, Any]
    media: list[Row]
    decided_by: UUID | None
    comment: str | None
    bound: bool
    """The decision named what it had seen."""
    response: Row | None
    attempts: list[Row]
    """Oldest first."""


async def overview(connection: Connection, limit: int) -> dict[Part, pages.Slice[JobView]]:
    """The beginning of each part."""
    found = await sql.rows(connection, _OVERVIEW, pages.parameters(pages.Wanted(limit)))
    by_part: dict[Part, list[JobView]] = {part: [] for part in Part}
    for row in found:
        by_part[Part(row.pop("part"))].append(JobView(**row))
    return {part: _cut(views, pages.Wanted(limit), part) for part, views in by_part.items()}


async def browse(connection: Connection, part: Part, wanted: pages.Wanted) -> pages.Slice[JobView]:
    found = await sql.rows(
        connection, _page(part, goes_on=wanted.after is not None), pages.parameters(wanted)
    )
    return _cut([JobView(**row) for row in found], wanted, part)


async def search(
    connection: Connection,
    wanted: pages.Wanted,
    *,
    statuses: Sequence[JobStatus] = (),
    platform: PlatformName | None = None,
    workflow_id: UUID | None = None,
) -> pages.Slice[JobView]:
    """Those in any of `statuses`, of all when none is named; newest first."""
    wished = {"platform": platform, "workflow_id": workflow_id}
    given = {name: value for name, value in wished.items() if value is not None}
    statement = _search(frozenset(statuses), frozenset(given), goes_on=wanted.after is not None)
    found = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    views = [JobView(**row) for row in found]
    return pages.cut(views, wanted, lambda view: pages.Position(view.created_at, view.id))


async def find(connection: Connection, job_id: UUID) -> Detail:
    """Raises NotFound."""
    found = await sql.row(connection, _ONE, {"id": job_id})
    if found is None:
        raise NotFound("There is no such publishing job.")
    more = {name: found.pop(name) for name in _MORE}
    return Detail(job=JobView(**found), attempts=more.pop("tries") or [], **more)


def _cut(views: list[JobView], wanted: pages.Wanted, part: Part) -> pages.Slice[JobView]:
    def position(view: JobView) -> pages.Position:
        due_at = (view.scheduled_for or view.created_at) if part is Part.COMING else None
        return pages.Position(view.created_at, view.id, due_at)

    return pages.cut(views, wanted, position)


_REFUSED: Final = "coalesce(error ->> 'code', '') = 'Refused'"
_DUE: Final = "coalesce(scheduled_for, created_at)"
_SOONEST: Final = Order(f"{_DUE}, id", f"({_DUE}, id) > (:after_due_at, :after_id)")
_PARTS: Final[dict[Part, tuple[str, Order]]] = {
    Part.ATTENTION: (f"status IN ('unknown', 'failed', 'held') AND NOT {_REFUSED}", NEWEST),
    Part.COMING: ("status IN ('queued', 'scheduled', 'publishing')", _SOONEST),
    Part.DONE: (f"(status IN ('published', 'cancelled') OR (status = 'failed' AND {_REFUSED}))", NEWEST),
}
_VIEW: Final = """
    j.id, j.workflow_id, j.thread_id, j.draft_id, j.review_id, j.platform, j.status, j.simulated, j.scheduled_for,
    j.published_at, j.attempts, j.approved_hash, j.error, j.created_at, j.updated_at,
    d.metadata ->> 'title' AS title, left(d.content, 280) AS opening, jsonb_build_object(
        'type', coalesce(w.source_content ->> 'type', 'text'), 'title', w.source_content ->> 'title',
        'url', w.source_content ->> 'url', 'opening', left(w.source_content ->> 'text', 200)
    ) AS source,
    a.id AS account_id, coalesce(nullif(a.display_name, ''), a.username) AS account_name, a.status AS account_status,
    r.decision, r.decided_at, coalesce(nullif(who.display_name, ''), who.username) AS decided_by_name, (
        SELECT o.id FROM reviews o WHERE o.thread_id = j.thread_id AND o.status = 'pending' LIMIT 1
    ) AS pending_review_id,
    p.id AS post_id, coalesce(p.url, j.response_data ->> 'url') AS url
"""
_AROUND: Final = """
    JOIN drafts d ON d.id = j.draft_id
    JOIN workflows w ON w.id = j.workflow_id
    JOIN reviews r ON r.id = j.review_id
    LEFT JOIN connected_accounts a ON a.id = j.connected_account_id
    LEFT JOIN workspace_people() who ON who.user_id = r.decided_by
    LEFT JOIN LATERAL (SELECT id, url FROM posts WHERE publishing_job_id = j.id LIMIT 1) p ON true
"""


def _part(part: Part, *, goes_on: bool = False) -> str:
    condition, order = _PARTS[part]
    return pages.of_table("publishing_jobs", [condition], goes_on=goes_on, order=order)


@cache
def _page(part: Part, *, goes_on: bool) -> Statement:
    by = _qualified(_PARTS[part][1].by)
    return Statement.of(f"SELECT {_VIEW} FROM ({_part(part, goes_on=goes_on)}) j {_AROUND} ORDER BY {by}")


@cache
def _search(statuses: frozenset[JobStatus], given: frozenset[str], *, goes_on: bool) -> Statement:
    """A page of each status, each by its index, and of those the newest."""
    named = [f"{name} = :{name}" for name in sorted(given)]
    each = [[*named, f"status = '{status}'"] for status in sorted(statuses)] or [named]
    every = " UNION ALL ".join(
        f"({pages.of_table('publishing_jobs', conditions, goes_on=goes_on)})" for conditions in each
    )
    page = f"SELECT * FROM ({every}) every ORDER BY {NEWEST.by} LIMIT :rows"
    return Statement.of(f"SELECT {_VIEW} FROM ({page}) j {_AROUND} ORDER BY {_qualified(NEWEST.by)}")


def _qualified(by: str) -> str:
    """Of the job: other tables have those columns, too."""
    for column in ("scheduled_for", "created_at", "id"):
        by = by.replace(column, f"j.{column}")
    return by


_OVERVIEW: Final = Statement.of(
    " UNION ALL ".join(
        f"(SELECT '{part}' AS part, {_VIEW} FROM ({_part(part)}) j {_AROUND} ORDER BY {_qualified(_PARTS[part][1].by)})"
        for part in Part
    )
)
_MORE: Final = ("content", "metadata", "media", "decided_by", "comment", "bound", "response", "tries")
_ONE: Final = Statement.of(f"""
SELECT {_VIEW}, d.content, d.metadata, d.media, r.decided_by, r.comment, r.bound, j.response_data AS response, (
        SELECT jsonb_agg(jsonb_build_object('id', t.id, 'kind', t.kind, 'started_at', t.started_at,
            'ended_at', t.ended_at, 'outcome', t.outcome, 'evidence', t.evidence) ORDER BY t.started_at)
        FROM publishing_attempts t WHERE t.publishing_job_id = j.id
    ) AS tries
FROM publishing_jobs j {_AROUND} WHERE j.id = :id
""")
