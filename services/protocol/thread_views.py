"""Threads as LangGraph's protocol lists them, whoever started them: /v1, the pages or the protocol itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import JsonValue

from core import sql
from core.errors import NotFound
from core.sql import Connection, Statement
from graphs.names import assistant_id
from services.protocol.assistants import graph_of

SortBy = Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"]
RESERVED: Final = ("graph_id", "assistant_id", "workflow_id")
"""What a thread's metadata says of itself."""


@dataclass(frozen=True, slots=True)
class ThreadView:
    thread_id: UUID
    graph_id: str | None
    """None until there is a run."""
    workflow_id: UUID | None
    status: str
    own_metadata: Mapping[str, JsonValue]
    """The workflow's, its external_id among it, and over it the thread's."""
    error: str | None
    created_at: datetime
    updated_at: datetime
    state_updated_at: datetime

    @property
    def metadata(self) -> Mapping[str, JsonValue]:
        named = {
            "graph_id": self.graph_id,
            "assistant_id": assistant_id(self.graph_id) if self.graph_id else None,
            "workflow_id": str(self.workflow_id) if self.workflow_id else None,
        }
        return {**self.own_metadata, **{name: value for name, value in named.items() if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    metadata: Mapping[str, JsonValue]
    """All of it must be there; `external_id` is the workflow's."""
    status: str | None = None
    ids: Sequence[UUID] | None = None

    def given(self) -> dict[str, Any] | None:
        """The parameters of `_CONDITIONS`; None where nothing can fit."""
        found: dict[str, Any] = {}
        own = {name: value for name, value in self.metadata.items() if name not in RESERVED}
        graphs = set()
        for name in ("graph_id", "assistant_id"):
            if name in self.metadata:
                graphs.add(graph_of(str(self.metadata[name])))
        if len(graphs) > 1 or None in graphs:
            return None
        if graphs:
            (found["graph_id"],) = graphs
        if "workflow_id" in self.metadata:
            found["workflow_id"] = str(self.metadata["workflow_id"])
        if own:
            found["metadata"] = orjson.dumps(own).decode()
        if self.status is not None:
            found["status"] = self.status
        if self.ids is not None:
            found["ids"] = list(self.ids)
        return found


# A decision counts when it is made, and a worker is busy with what it has not been given yet.
_STATUS: Final = """
CASE WHEN p.status = 'awaiting_review' THEN 'interrupted'
    WHEN p.status IN ('published', 'cancelled') THEN 'idle'
    WHEN p.due_at <= now() OR p.lease_until > now() THEN 'busy'
    WHEN p.status = 'failed' THEN 'error'
    WHEN p.status = 'rejected' THEN 'idle'
    ELSE t.status END"""
_OWN: Final = """
coalesce(w.metadata, '{}') || t.metadata
    || CASE WHEN w.external_id IS NULL THEN '{}' ELSE jsonb_build_object('external_id', w.external_id) END"""
_FROM: Final = """
FROM threads t LEFT JOIN platform_states p ON p.id = t.id LEFT JOIN workflows w ON w.id = p.workflow_id
WHERE t.deleted_at IS NULL"""
_VIEW: Final = f"""
SELECT t.id AS thread_id, t.graph_id, p.workflow_id, {_STATUS} AS status, {_OWN} AS own_metadata, p.error, t.created_at,
    greatest(t.updated_at, p.updated_at) AS updated_at, coalesce(p.updated_at, t.created_at) AS state_updated_at
{_FROM}"""
_CONDITIONS: Final = {
    "graph_id": "t.graph_id = :graph_id",
    "workflow_id": "p.workflow_id::text = :workflow_id",
    "metadata": f"({_OWN}) @> CAST(:metadata AS jsonb)",
    "status": f"{_STATUS} = :status",
    "ids": "t.id = ANY(CAST(:ids AS uuid[]))",
}
ONE: Final = f"{_VIEW} AND t.id = :id"
_ONE: Final = Statement.of(ONE)


async def find(connection: Connection, thread_id: UUID) -> ThreadView:
    """Raises NotFound."""
    found = await look(connection, thread_id)
    if found is None:
        raise not_found()
    return found


def not_found() -> NotFound:
    return NotFound("There is no such thread.")


async def look(connection: Connection, thread_id: UUID) -> ThreadView | None:
    found = await sql.row(connection, _ONE, {"id": thread_id})
    return ThreadView(**found) if found else None


async def search(
    connection: Connection, filters: Filters, sort_by: SortBy, descending: bool, limit: int, offset: int
) -> tuple[list[ThreadView], bool]:
    """A page, and whether there is more."""
    given = filters.given()
    if given is None:
        return [], False
    statement = _page(frozenset(given), sort_by, descending)
    rows = await sql.rows(connection, statement, {**given, "rows": limit + 1, "offset": offset})
    return [ThreadView(**row) for row in rows[:limit]], len(rows) > limit


async def count(connection: Connection, filters: Filters) -> int:
    given = filters.given()
    if given is None:
        return 0
    (row,) = await sql.rows(connection, _count(frozenset(given)), given)
    return int(row["count"])


@cache
def _page(given: frozenset[str], sort_by: SortBy, descending: bool) -> Statement:
    direction = "DESC" if descending else "ASC"
    order = f"{sort_by} {direction}, thread_id {direction}"
    return Statement.of(f"{_VIEW}{_where(given)} ORDER BY {order} LIMIT :rows OFFSET :offset")


@cache
def _count(given: frozenset[str]) -> Statement:
    return Statement.of(f"SELECT count(*) AS count {_FROM}{_where(given)}")


def _where(given: frozenset[str]) -> str:
    return "".join(f" AND {_CONDITIONS[name]}" for name in sorted(given))
