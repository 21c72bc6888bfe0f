"""All runs of a thread in one stream, as the SDK's `threads.join_stream` reads them: each with its own run's pieces, between
the news that it has begun and that it is done."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import UUID

from core import sql
from core.sql import Connection, Statement
from models import RunStatus
from services.protocol import run_parts, runs
from services.protocol.run_parts import Cursor, Look

DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class Place:
    """Just after an event of a thread; `str()` is its id."""

    run_id: UUID
    cursor: Cursor | None
    """None: after all of the run."""

    def __str__(self) -> str:
        return f"{self.run_id}:{DONE if self.cursor is None else self.cursor}"

    @classmethod
    def parse(cls, value: str) -> Self:
        """Raises ValueError."""
        run_id, _, place = value.partition(":")
        return cls(UUID(run_id), None if place == DONE else Cursor.parse(place))


@dataclass(frozen=True, slots=True)
class Event:
    mode: str
    """Of the run's own stream, or `lifecycle`."""
    name: str
    data: Any
    place: Place


@dataclass(slots=True)
class Joining:
    """Where one reader is. Without `after` it begins with what comes, and `whole` with the thread's first run."""

    thread_id: UUID
    after: Place | None = None
    whole: bool = False
    workflow_id: UUID | None = None
    """None until the thread has begun."""
    _began: bool = False
    _done: set[UUID] = field(default_factory=set)
    _told: dict[UUID, Cursor] = field(default_factory=dict)
    """By run that has been told to have begun."""

    async def look(self, connection: Connection) -> list[Event]:
        """All that is new."""
        rows = await sql.rows(connection, _RUNS, {"thread_id": self.thread_id})
        if rows:
            self.workflow_id = rows[0]["workflow_id"]
        skips = not self._began and self.after is None and not self.whole
        if not self._began and self.after is not None:
            self._resume(self.after, [row["id"] for row in rows])
        self._began = True
        found: list[Event] = []
        for row in rows:
            run_id = row["id"]
            if run_id in self._done:
                continue
            if skips and row["status"] in runs.ENDED:
                self._done.add(run_id)
                continue
            look = await run_parts.look(connection, self.thread_id, run_id, self._told.get(run_id, Cursor()))
            found += self._of(look)
            if not look.run.ended:
                break
            self._done.add(run_id)
        return [] if skips else found

    def _resume(self, after: Place, run_ids: list[UUID]) -> None:
        """A run that is not there any more has been told, and so has all that there was."""
        before = run_ids[: run_ids.index(after.run_id)] if after.run_id in run_ids else run_ids
        self._done.update(before)
        if after.cursor is None:
            self._done.add(after.run_id)
        else:
            self._told[after.run_id] = after.cursor

    def _of(self, look: Look) -> Iterator[Event]:
        run = look.run
        if run.id not in self._told:
            self._told[run.id] = Cursor("", 0)
            begun = {"run_id": str(run.id), "attempt": 1}
            yield Event("lifecycle", "metadata", begun, Place(run.id, Cursor("", 0)))
        for cursor, part in look.parts:
            self._told[run.id] = cursor
            if part.mode in run.request["stream_mode"]:
                yield Event(part.mode, part.event, part.data, Place(run.id, cursor))
        if run.ended:
            if run.status == RunStatus.ERROR:
                yield Event("error", "error", run.failure, Place(run.id, self._told[run.id]))
            done = {"status": "run_done", "run_id": str(run.id)}
            yield Event("lifecycle", "metadata", done, Place(run.id, None))


_RUNS: Final = Statement.of("""
SELECT r.id, r.status, p.workflow_id FROM runs r JOIN platform_states p ON p.id = r.thread_id
WHERE r.thread_id = :thread_id AND r.begun_at IS NOT NULL ORDER BY r.begun_at, r.id
""")
