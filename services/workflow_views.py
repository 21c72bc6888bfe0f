"""Workflows as callers read them: each thread with its text, score, review and receipt, in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

from core import sql
from core.errors import NotFound
from core.sql import Connection, Row, Statement
from models import WorkflowStatus
from services import pages


@dataclass(frozen=True, slots=True)
class WorkflowView:
    id: UUID
    status: str
    mode: str
    source: Row
    """Where the words came from, with the first of them only: they may be a million."""
    options: dict[str, Any] | None
    template_id: UUID | None
    template_input: dict[str, str] | None
    project_id: UUID | None
    campaign_id: UUID | None
    schedule_for: datetime | None
    external_id: str | None
    metadata: dict[str, Any]
    user_id: UUID | None
    threads: list[Row]
    """In the order in which the platforms were asked for: ids are made in that order. Each with its `active_draft`, that
    one's latest `evaluation`, its `pending_review_id` and its latest `publishing_job`."""
    cost_usd: Decimal
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    status: WorkflowStatus | None = None
    project_id: UUID | None = None
    campaign_id: UUID | None = None
    external_id: str | None = None
    metadata: Mapping[str, str] | None = None
    """Of the caller's own: all of these. The first is looked up, so it should be what few have."""


async def browse(connection: Connection, wanted: pages.Wanted, filters: Filters) -> pages.Slice[WorkflowView]:
    statement, given = page(filters, goes_on=wanted.after is not None)
    rows = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    views = [WorkflowView(**row) for row in rows]
    return pages.cut(views, wanted, lambda view: pages.Position(view.created_at, view.id))


def page(filters: Filters, *, goes_on: bool) -> tuple[Statement, dict[str, Any]]:
    """What `browse` sends, to be given `pages.parameters`, too."""
    given = {name: value for name in _PLAIN if (value := getattr(filters, name)) is not None}
    if not filters.metadata:
        return _page(frozenset(given), goes_on=goes_on), given
    (key, value), *rest = filters.metadata.items()
    pairs = {
        "key": key,
        "value": value,
        "keys": [each for each, _ in rest],
        "values": [each for _, each in rest],
    }
    return _page_of_metadata(frozenset(given), goes_on=goes_on), {**given, **pairs}


async def require(connection: Connection, workflow_id: UUID) -> None:
    """Raises NotFound."""
    if await sql.row(connection, _EXISTS, {"id": workflow_id}) is None:
        raise _not_found()


async def find(connection: Connection, workflow_id: UUID) -> WorkflowView:
    """Raises NotFound."""
    found = await sql.row(connection, _ONE, {"id": workflow_id})
    if found is None:
        raise _not_found()
    return WorkflowView(**found)


def _not_found() -> NotFound:
    return NotFound("There is no such workflow.")


_EXISTS: Final = Statement.of("SELECT id FROM workflows WHERE id = :id")
_VIEW: Final = """
SELECT w.id, w.status, w.mode, jsonb_build_object(
        'type', coalesce(w.source_content ->> 'type', 'text'),
        'url', w.source_content ->> 'url', 'title', w.source_content ->> 'title', 'id', w.source_content ->> 'id',
        'opening', left(w.source_content ->> 'text', 200)
    ) AS source,
    w.manual_options AS options, w.template_id, w.template_input, w.project_id, w.campaign_id, w.schedule_for,
    w.external_id, w.metadata, w.user_id, coalesce(t.threads, '[]') AS threads,
    (
        SELECT coalesce(sum(u.cost_usd), 0) FROM token_usage u WHERE u.workflow_id = w.id AND u.status <> 'reserved'
    ) AS cost_usd,
    w.created_at, w.updated_at
"""
_THREADS: Final = """
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'thread_id', p.id, 'platform', p.platform, 'status', p.status, 'iteration', p.iteration, 'error', p.error,
        'updated_at', p.updated_at, 'active_draft', to_jsonb(d), 'evaluation', (
            SELECT to_jsonb(e) FROM evaluations e WHERE e.draft_id = p.active_draft_id
            ORDER BY e.created_at DESC, e.id DESC LIMIT 1
        ), 'pending_review_id', (
            SELECT r.id FROM reviews r WHERE r.thread_id = p.id AND r.status = 'pending'
            ORDER BY r.created_at DESC LIMIT 1
        ), 'publishing_job', (
            SELECT to_jsonb(j) FROM publishing_jobs j WHERE j.thread_id = p.id
            ORDER BY j.created_at DESC, j.id DESC LIMIT 1
        )
    ) ORDER BY p.id) AS threads
    FROM platform_states p LEFT JOIN drafts d ON d.id = p.active_draft_id
    WHERE p.workflow_id = w.id
) t ON true
"""
_ONE: Final = Statement.of(f"{_VIEW} FROM workflows w {_THREADS} WHERE w.id = :id")


_PLAIN: Final = ("status", "project_id", "campaign_id", "external_id")
_OF_METADATA: Final = """
SELECT w.* FROM workflow_metadata m JOIN workflows w ON w.id = m.workflow_id
WHERE m.key = :key AND m.value = :value AND NOT EXISTS (
    SELECT FROM unnest(CAST(:keys AS text[]), CAST(:values AS text[])) AS wanted (key, value)
    WHERE NOT EXISTS (
        SELECT FROM workflow_metadata n
        WHERE n.workflow_id = w.id AND n.key = wanted.key AND n.value = wanted.value
    )
) {further} ORDER BY m.created_at DESC, m.workflow_id DESC LIMIT :rows
"""


@cache
def _page_of_metadata(given: frozenset[str], *, goes_on: bool) -> Statement:
    further = [f"AND w.{name} = :{name}" for name in sorted(given)]
    if goes_on:
        further.append("AND (m.created_at, m.workflow_id) < (:after_created_at, :after_id)")
    found = _OF_METADATA.format(further=" ".join(further))
    return Statement.of(f"{_VIEW} FROM ({found}) w {_THREADS} ORDER BY w.created_at DESC, w.id DESC")


@cache
def _page(given: frozenset[str], *, goes_on: bool) -> Statement:
    page = pages.of_table("workflows", [f"{name} = :{name}" for name in sorted(given)], goes_on=goes_on)
    return Statement.of(f"{_VIEW} FROM ({page}) w {_THREADS} ORDER BY w.created_at DESC, w.id DESC")
