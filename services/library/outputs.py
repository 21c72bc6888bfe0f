"""Outputs: what there is of a workflow for one platform, as a row with its words. They are read from the view `outputs`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID

from core import sql
from core.errors import NotFound
from core.sql import Connection, Row, Statement
from services import pages


class OutputKind(StrEnum):
    BLOG = "blog"
    SOCIAL = "social"
    EMAIL = "email"


class OutputStatus(StrEnum):
    """Of the words: they are `completed` once a person may read them, whatever becomes of them then."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutputView:
    """The id is the thread's."""

    id: UUID
    project_id: UUID | None
    workflow_id: UUID
    user_id: UUID | None
    platform: str
    kind: OutputKind
    status: OutputStatus
    thread_status: str
    archived: bool
    request: Row | None
    body: str | None
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    project_id: UUID
    kind: OutputKind | None = None
    status: OutputStatus | None = None
    archived: bool | None = None


async def browse(connection: Connection, wanted: pages.Wanted, filters: Filters) -> pages.Slice[OutputView]:
    statement, given = page(filters, goes_on=wanted.after is not None)
    found = await sql.rows(connection, statement, {**given, **pages.parameters(wanted)})
    views = [OutputView(**row) for row in found]
    return pages.cut(views, wanted, lambda view: pages.Position(view.created_at, view.id))


def page(filters: Filters, *, goes_on: bool) -> tuple[Statement, Mapping[str, Any]]:
    """What `browse` sends, to be given `pages.parameters`, too."""
    of_kind = filters.kind is not None
    statement = _page(filters.status, filters.archived, of_kind=of_kind, goes_on=goes_on)
    return statement, {"project_id": filters.project_id, "kind": filters.kind}


async def find(connection: Connection, output_id: UUID) -> OutputView:
    """Raises NotFound."""
    found = await sql.row(connection, ONE, {"id": output_id})
    if found is None:
        raise NotFound("There is no such output.")
    return OutputView(**found)


_VIEW: Final = """
SELECT id, project_id, workflow_id, user_id, platform, kind, status, thread_status, workflow_status = 'archived' AS archived,
    request, body, metadata, created_at, updated_at
FROM outputs
"""
ONE: Final = Statement.of(f"{_VIEW} WHERE id = :id")
_UNFINISHED: Final = "workflow_status IN ('running', 'awaiting_review')"
_FAILED: Final = "thread_status IN ('failed', 'cancelled')"
"""What indexes know beside."""
_STATUS: Final = {
    OutputStatus.QUEUED: f"status = 'queued' AND {_UNFINISHED}",
    OutputStatus.PROCESSING: f"status = 'processing' AND {_UNFINISHED}",
    OutputStatus.COMPLETED: "status = 'completed'",
    OutputStatus.FAILED: f"status = 'failed' AND {_FAILED}",
}
_ARCHIVED: Final = {True: "workflow_status = 'archived'", False: "workflow_status <> 'archived'"}
# Rows are compared across two tables, which no index does; that its workflow is as old tells the index where to begin.
_ORDER: Final = pages.Order(pages.NEWEST.by, f"created_at <= :after_created_at AND {pages.NEWEST.after}")


@cache
def _page(status: OutputStatus | None, archived: bool | None, *, of_kind: bool, goes_on: bool) -> Statement:
    conditions = ["project_id = :project_id"]
    if of_kind:
        conditions.append("kind = :kind")
    if status is not None:
        conditions.append(_STATUS[status])
    if archived is not None:
        conditions.append(_ARCHIVED[archived])
    if goes_on:
        conditions.append(_ORDER.after)
    return Statement.of(f"{_VIEW} WHERE {' AND '.join(conditions)} ORDER BY {_ORDER.by} LIMIT :rows")
