"""A thread's runs one after the other, as the SDK's stream of a thread tells them: `POST /threads/{id}/stream/events`.

Events are numbered from the thread's beginning, and are the same each time they are told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core import sql
from core.sql import Connection, Statement
from graphs.stream import Part
from models import RunStatus
from services.protocol import run_parts
from services.protocol.run_parts import Cursor, Look
from services.protocol.runs import Run

CHANNELS: Final = frozenset(
    {"values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom"}
)
"""What may be asked for. Told are values, lifecycle and input; the graphs have no tools and no events of their own."""

Event = dict[str, Any]


@dataclass(slots=True)
class Telling:
    """Where one reader is in a thread."""

    thread_id: UUID
    number: int = 0
    workflow_id: UUID | None = None
    """None until the thread has begun."""
    _done: set[UUID] = field(default_factory=set)
    _begun: set[UUID] = field(default_factory=set)
    _after: dict[UUID, Cursor] = field(default_factory=dict)

    async def look(self, connection: Connection) -> list[Event]:
        """All that is new."""
        found: list[Event] = []
        for row in await sql.rows(connection, _RUNS, {"thread_id": self.thread_id}):
            self.workflow_id = row["workflow_id"]
            run_id = row["id"]
            if run_id in self._done:
                continue
            look = await run_parts.look(connection, self.thread_id, run_id, self._after.get(run_id, Cursor()))
            found += self._of(look)
            if not look.run.ended:
                break
            self._done.add(run_id)
        return found

    def _of(self, look: Look) -> Iterator[Event]:
        run = look.run
        if run.id not in self._begun:
            self._begun.add(run.id)
            yield self._lifecycle(run, "running", run.created_at)
        paused: Mapping[str, Any] | None = None
        for cursor, part in look.parts:
            self._after[run.id] = cursor
            if part.mode == "checkpoints" and part.data["metadata"]["source"] != "input":
                yield self._event("values", f"{run.id}:{cursor}", part.data["values"], run.created_at)
            paused = _asked(part) or paused
        if run.ended:
            if paused is not None:
                asked = {"interrupt_id": paused["id"], "payload": paused["value"], "value": paused["value"]}
                yield self._event("input.requested", f"{run.id}:{paused['id']}", asked, run.updated_at)
            yield self._lifecycle(run, _end(run, paused is not None), run.updated_at)

    def _lifecycle(self, run: Run, event: str, at: datetime) -> Event:
        told = {"event": event, "graph_name": run.graph_id}
        if event == "failed":
            told["error"] = run.error or "The run was cancelled."
        return self._event("lifecycle", f"{run.id}:{event}", told, at)

    def _event(self, method: str, event_id: str, told: object, at: datetime) -> Event:
        self.number += 1
        params = {"namespace": [], "timestamp": int(at.timestamp() * 1000), "data": told}
        return {"type": "event", "event_id": event_id, "seq": self.number, "method": method, "params": params}


def _asked(part: Part) -> Mapping[str, Any] | None:
    """What a person is asked. The publication is the worker's, and nobody's to answer."""
    if part.mode != "values":
        return None
    interrupts: list[Mapping[str, Any]] = part.data.get("__interrupt__") or []
    return next((each for each in interrupts if each["value"]["kind"] == "review"), None)


def _end(run: Run, paused: bool) -> str:
    if run.status != RunStatus.SUCCESS:
        return "failed"
    return "interrupted" if paused else "completed"


_RUNS: Final = Statement.of("""
SELECT r.id, p.workflow_id FROM runs r JOIN platform_states p ON p.id = r.thread_id
WHERE r.thread_id = :thread_id AND r.begun_at IS NOT NULL ORDER BY r.begun_at, r.id
""")
