"""A thread's state and history as LangGraph's clients read them, out of its checkpoints; out of the rows where those are
gone, a day after its end, or not there yet."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.types import Interrupt, PregelTask, StateSnapshot
from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.errors import NotFound
from core.sql import Connection, Statement
from graphs.run import at_rest, bind
from services import checkpoints
from services.checkpoints import BufferedSaver, Loaded, PostgresSaver
from services.protocol import thread_projection, thread_views
from services.protocol.thread_views import ThreadView
from services.threads import GRAPHS

ThreadState = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a list shows of a state."""

    values: Mapping[str, Any]
    interrupts: Mapping[str, Any]
    """What its tasks wait for, by task."""


async def look(connection: Connection, thread_id: UUID) -> tuple[ThreadView, Shown]:
    """A thread and what is shown of its state, in one statement. Raises NotFound."""
    thread, loaded = await _find(connection, thread_id)
    return thread, (await _shown(connection, [thread], {thread_id: loaded} if loaded else {}))[thread_id]


async def shown(connection: Connection, threads: Sequence[ThreadView]) -> dict[UUID, Shown]:
    """Of many threads at once."""
    rows = await sql.rows(connection, _LATEST, {"ids": [thread.thread_id for thread in threads]})
    loaded = {row["id"]: found for row in rows if (found := checkpoints.load(row))}
    return await _shown(connection, threads, loaded)


async def latest(connection: Connection, thread_id: UUID) -> ThreadState:
    """Raises NotFound."""
    thread, loaded = await _find(connection, thread_id)
    if thread.graph_id and loaded:
        return _state(await _snapshot(thread.graph_id, loaded))
    values = await thread_projection.read(connection, [thread_id])
    return _projected(thread, values.get(thread_id, {}))


async def _find(connection: Connection, thread_id: UUID) -> tuple[ThreadView, Loaded | None]:
    row = await sql.row(connection, _ONE, {"id": thread_id})
    if row is None:
        raise thread_views.not_found()
    return ThreadView(**{name: row[name] for name in ThreadView.__slots__}), checkpoints.load(row)


async def _shown(
    connection: Connection, threads: Sequence[ThreadView], loaded: Mapping[UUID, Loaded]
) -> dict[UUID, Shown]:
    found: dict[UUID, Shown] = {}
    for thread in threads:
        if thread.graph_id and thread.thread_id in loaded:
            found[thread.thread_id] = await _brief(thread.graph_id, loaded[thread.thread_id])
            await asyncio.sleep(0)  # nothing else in here waits, and there may be a thousand
    begun = [each.thread_id for each in threads if each.workflow_id and each.thread_id not in found]
    values = await thread_projection.read(connection, begun)
    return {each.thread_id: Shown(values.get(each.thread_id, {}), {}) for each in threads} | found


async def _brief(graph_id: str, loaded: Loaded) -> Shown:
    rest = at_rest(GRAPHS[graph_id], loaded.tuple())
    if rest is not None:
        asked = {task: [_interrupt(each) for each in found] for task, found in rest.asked.items()}
        return Shown(rest.values, asked)
    snapshot = await _snapshot(graph_id, loaded)
    asked = {task.id: [_interrupt(each) for each in task.interrupts] for task in snapshot.tasks}
    return Shown(snapshot.values, {task: found for task, found in asked.items() if found})


async def _snapshot(graph_id: str, loaded: Loaded) -> StateSnapshot:
    bound = bind(GRAPHS[graph_id], BufferedSaver(loaded))
    return await bound.aget_state(_config(UUID(loaded.checkpoint.config["configurable"]["thread_id"])))


async def at(session: AsyncSession, thread: ThreadView, checkpoint_id: UUID) -> ThreadState:
    """The state as it was then. Raises NotFound."""
    if thread.graph_id:
        bound = bind(GRAPHS[thread.graph_id], _saver(session))
        snapshot = await bound.aget_state(_config(thread.thread_id, checkpoint_id))
        if snapshot.created_at is not None:
            return _state(snapshot)
    raise NotFound("This thread has no such checkpoint.", remedy="They are kept for a day after its end.")


async def history(
    session: AsyncSession,
    thread: ThreadView,
    *,
    limit: int,
    before: UUID | None = None,
    checkpoint_id: UUID | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> list[ThreadState]:
    """The newest first; none where no checkpoint is left. `checkpoint_id`: that one alone."""
    if thread.graph_id is None:
        return []
    snapshots = bind(GRAPHS[thread.graph_id], _saver(session)).aget_state_history(
        _config(thread.thread_id, checkpoint_id),
        filter=dict(metadata) if metadata else None,
        before=_config(thread.thread_id, before) if before else None,
        limit=limit,
    )
    return [_state(snapshot) async for snapshot in snapshots]


def _saver(session: AsyncSession) -> PostgresSaver:
    @asynccontextmanager
    async def same() -> AsyncIterator[AsyncSession]:
        yield session

    return PostgresSaver(same)


def _config(thread_id: UUID, checkpoint_id: UUID | None = None) -> RunnableConfig:
    named = {"checkpoint_id": str(checkpoint_id)} if checkpoint_id else {}
    return {"configurable": {"thread_id": str(thread_id), "checkpoint_ns": "", **named}}


def _state(snapshot: StateSnapshot) -> ThreadState:
    checkpoint, parent = _reference(snapshot.config), _reference(snapshot.parent_config)
    return {
        "values": snapshot.values,
        "next": snapshot.next,
        "tasks": [_task(task) for task in snapshot.tasks],
        "metadata": snapshot.metadata,
        "created_at": snapshot.created_at,
        "checkpoint": checkpoint,
        "parent_checkpoint": parent,
        "interrupts": [_interrupt(interrupt) for interrupt in snapshot.interrupts],
        # What older clients read.
        "checkpoint_id": checkpoint and checkpoint["checkpoint_id"],
        "parent_checkpoint_id": parent and parent["checkpoint_id"],
    }


def _task(task: PregelTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "path": task.path,
        "error": str(task.error) if task.error is not None else None,
        "interrupts": [_interrupt(interrupt) for interrupt in task.interrupts],
        "checkpoint": None,
        "state": None,
        "result": task.result,
    }


def _interrupt(interrupt: Interrupt) -> dict[str, Any]:
    shown = {"id": interrupt.id, "value": interrupt.value}
    return shown | ({"response_schema": interrupt.response_schema} if interrupt.response_schema else {})


def _reference(config: RunnableConfig | None) -> dict[str, str] | None:
    named = (config or {}).get("configurable") or {}
    if not named.get("checkpoint_id"):
        return None
    return {name: named[name] for name in ("thread_id", "checkpoint_ns", "checkpoint_id")}


_ONE: Final = Statement.of(f"""
SELECT c.*, {checkpoints.COLUMNS} FROM (SELECT v.*, v.thread_id AS id FROM ({thread_views.ONE}) v) c {checkpoints.JOIN}
""")
_LATEST: Final = Statement.of(f"""
SELECT c.id, {checkpoints.COLUMNS} FROM unnest(CAST(:ids AS uuid[])) AS c(id) {checkpoints.JOIN}
""")


def _projected(thread: ThreadView, values: Mapping[str, Any]) -> ThreadState:
    return {
        "values": values,
        "next": [],
        "tasks": [],
        "metadata": {},
        "created_at": thread.state_updated_at.isoformat(),
        "checkpoint": None,
        "parent_checkpoint": None,
        "interrupts": [],
        "checkpoint_id": None,
        "parent_checkpoint_id": None,
    }
