"""A workflow's record, as people read it: what happened to its threads, and each model call with its tokens and price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from core import sql
from core.sql import Connection, Statement

MOST: Final = 1000
"""The latest ones; a workflow of three platforms with ten rounds each has some 300."""
_LAST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    thread_id: UUID | None
    kind: str
    """An event's type (docs: `GET /v1/workflows/{id}/events`), or `model.call`."""
    facts: dict[str, Any]
    """The event; or the call's service, model, draft_id, input_tokens, output_tokens, latency_ms and status."""
    cost_usd: Decimal | None
    """None: it was no model call, or nobody knows the model's price."""


async def of_workflow(connection: Connection, workflow_id: UUID) -> list[Entry]:
    """Oldest first; of one commit, each draft with its calls and its score, then what came of them."""
    rows = await sql.rows(connection, _RECORD, {"id": workflow_id, "most": MOST})
    return _in_turn([Entry(**row) for row in reversed(rows)])


def _in_turn(record: Sequence[Entry]) -> list[Entry]:
    drafts = {
        entry.facts["draft_id"]: entry.facts["sequence"] for entry in record if entry.kind == "draft.created"
    }
    return sorted(record, key=lambda entry: (entry.at, *_turn(entry, drafts)))


def _turn(entry: Entry, drafts: Mapping[str, int]) -> tuple[int, int]:
    """The draft that it is about, and its place in that one's story."""
    match entry.kind, entry.facts.get("service"):
        case ("model.call", "writer"):
            place = 0
        case ("draft.created", _):
            place = 1
        case ("model.call", _):
            place = 2
        case ("evaluation.created", _):
            place = 3
        case _:
            return _LAST, 0
    return drafts.get(entry.facts.get("draft_id") or "", _LAST), place


_RECORD: Final = Statement.of("""
SELECT at, thread_id, kind, facts, cost_usd FROM (
    SELECT created_at AS at, thread_id, event ->> 'type' AS kind, event AS facts, NULL::numeric AS cost_usd,
        1 AS step, id AS number
    FROM processing_logs WHERE workflow_id = :id AND event IS NOT NULL
    UNION ALL
    SELECT created_at, thread_id, 'model.call', jsonb_build_object('service', service, 'model', model,
            'draft_id', draft_id, 'input_tokens', input_tokens, 'output_tokens', output_tokens,
            'latency_ms', latency_ms, 'status', status),
        cost_usd, 0, row_number() OVER (ORDER BY id)
    FROM token_usage WHERE workflow_id = :id
) AS record ORDER BY at DESC, step DESC, number DESC LIMIT :most
""")
