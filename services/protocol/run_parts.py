"""What a run has left so far, piece by piece: for streams that follow it, and for those who come back to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from core import sql
from core.sql import Connection, Row, Statement
from graphs import run as graph_run
from graphs import stream
from graphs.names import assistant_id
from graphs.stream import Part, Teller
from models import RunStatus
from services import checkpoints
from services.checkpoints import BufferedSaver
from services.protocol import runs, thread_projection
from services.protocol.runs import Run
from services.threads import GRAPHS


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """Just after a piece; `str()` is its event's id. Checkpoints' ids are in the order of their times."""

    checkpoint_id: str = ""
    piece: int = -1

    def __str__(self) -> str:
        return f"{self.checkpoint_id}.{self.piece}"

    @classmethod
    def parse(cls, value: str) -> Self:
        """`-1` is before all. Raises ValueError."""
        if value == "-1":
            return cls()
        checkpoint_id, _, piece = value.rpartition(".")
        if not piece.isdecimal() or not piece.isascii():
            raise ValueError(f"{value!r} is no event id of ours")
        return cls(str(UUID(checkpoint_id)) if checkpoint_id else "", int(piece))


@dataclass(frozen=True, slots=True)
class Look:
    run: Run
    parts: Sequence[tuple[Cursor, Part]]
    drafts: int
    """That the run's thread has had until then."""


def teller_of(run: Run) -> Teller:
    names = stream.Run(run.id, run.thread_id, run.graph_id, assistant_id(run.graph_id))
    return Teller(names)


async def look(connection: Connection, thread_id: UUID, run_id: UUID, after: Cursor) -> Look:
    """All pieces since; the run first, so that one that has ended is told to its end. Raises NotFound."""
    run = await runs.find(connection, thread_id, run_id)
    if run.begun_at is None or (run.ended and run.last_checkpoint is None):
        return Look(run, (), 0)
    rows = await sql.rows(
        connection,
        _CHECKPOINTS,
        {
            "thread_id": str(run.thread_id),
            "first": max(after.checkpoint_id, run.first_checkpoint or ""),
            "last": run.last_checkpoint,
        },
    )
    if run.ended and not rows:
        return Look(run, await _recorded(connection, run, after), 0)
    snapshots = [await _snapshot(run, row) for row in rows]
    teller = teller_of(run)
    found: list[tuple[Cursor, Part]] = []
    for at, row in enumerate(rows):
        snapshot, checkpoint_id = snapshots[at], row["checkpoint_id"]
        pieces = list(teller.begin(snapshot, resumed=checkpoint_id == run.first_checkpoint))
        if at + 1 < len(rows):
            pieces += teller.go_on(snapshot, snapshots[at + 1])
        elif run.status == RunStatus.SUCCESS:
            pieces += teller.pause(snapshot)
        found += [(Cursor(checkpoint_id, number), piece) for number, piece in enumerate(pieces)]
    parts = [(cursor, piece) for cursor, piece in found if cursor > after]
    return Look(run, parts, stream.drafts_written(snapshots[-1]) if snapshots else 0)


async def outcome(connection: Connection, thread_id: UUID, run_id: UUID) -> dict[str, Any] | None:
    """What who waits for a run is answered when it is over; None before that. Raises NotFound."""
    found = await sql.row(connection, _OUTCOME, {"id": run_id, "thread_id": thread_id})
    if found is None:
        raise runs.not_found()
    if found["status"] not in runs.ENDED:
        return None
    if found["status"] == RunStatus.ERROR:
        return {"__error__": runs.failure(found["error"])}
    return await _values(connection, thread_id, found)


async def values(connection: Connection, run: Run) -> dict[str, Any]:
    """The thread's where the run left it, with `__interrupt__` where it waits."""
    found = await sql.row(connection, _OUTCOME, {"id": run.id, "thread_id": run.thread_id})
    return await _values(connection, run.thread_id, found) if found else {}


async def _values(connection: Connection, thread_id: UUID, found: Row) -> dict[str, Any]:
    graph, loaded = GRAPHS[found["graph_id"]], checkpoints.load(found)
    if loaded is None:
        return await _projected(connection, thread_id)
    if (rest := graph_run.at_rest(graph, loaded.tuple())) is not None:
        return stream.answer(rest.values, rest.interrupts)
    snapshot = await graph_run.snapshot(graph, BufferedSaver(loaded), str(thread_id), found["checkpoint_id"])
    return stream.result(snapshot)


async def _recorded(connection: Connection, run: Run, after: Cursor) -> Sequence[tuple[Cursor, Part]]:
    """A day after a thread's end its checkpoints are gone; what came of it is on record."""
    cursor = Cursor(run.last_checkpoint or "", 0)
    values = Part("values", "values", await _projected(connection, run.thread_id))
    return [(cursor, values)] if cursor > after else []


async def _projected(connection: Connection, thread_id: UUID) -> dict[str, Any]:
    values = (await thread_projection.read(connection, [thread_id])).get(thread_id, {})
    return {name: value for name, value in values.items() if name in stream.OUTPUTS}


async def _snapshot(run: Run, row: dict[str, Any]) -> stream.Snapshot:
    loaded = checkpoints.load(row)
    saver = BufferedSaver(loaded)
    return await graph_run.snapshot(GRAPHS[run.graph_id], saver, str(run.thread_id), row["checkpoint_id"])


_OUTCOME: Final = Statement.of(f"""
SELECT r.graph_id, r.status, r.error, {checkpoints.COLUMNS}
FROM runs r JOIN threads t ON t.id = r.thread_id AND t.deleted_at IS NULL
LEFT JOIN checkpoints k ON k.thread_id = r.thread_id::text AND k.checkpoint_ns = ''
    AND k.checkpoint_id = r.last_checkpoint
WHERE r.id = :id AND r.thread_id = :thread_id
""")
_CHECKPOINTS: Final = Statement.of(f"""
SELECT {checkpoints.COLUMNS} FROM checkpoints k
WHERE k.thread_id = :thread_id AND k.checkpoint_ns = '' AND k.checkpoint_id >= :first
    AND (CAST(:last AS text) IS NULL OR k.checkpoint_id <= :last)
ORDER BY k.checkpoint_id
""")
