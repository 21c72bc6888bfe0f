"""Running a graph for somebody who keeps the record: one advance, from whatever a thread waits for to its next pause."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.types import Command, Interrupt, StateSnapshot
from pydantic import JsonValue

from graphs.context import Context
from graphs.loop import Graph
from graphs.state import DraftRecord, EvaluationRecord, Input, Outcome, State

STRICT_RESUME: Final = "__pregel_strict_resume"
"""A resume that names no pending interrupt is refused. Private to LangGraph; tests/graphs/test_run.py pins it."""

_INTERRUPT: Final = "__interrupt__"
"""Where streams show a pause."""
_ALWAYS: Final = {"drafts", "evaluations"}
"""What LangGraph shows as empty before there is any."""


@dataclass(frozen=True, slots=True)
class Start:
    input: Input


@dataclass(frozen=True, slots=True)
class Resume:
    """The answer to one interrupt: check it first with `graphs.interrupts.parse_decision` or `parse_receipt`."""

    interrupt_id: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on where a run was cut off between two nodes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One superstep is over and its checkpoint is with the saver. `drafts` and `evaluations` are the new ones."""

    node: str
    drafts: tuple[DraftRecord, ...]
    evaluations: tuple[EvaluationRecord, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Pause:
    kind: Literal["review", "publish"]
    interrupt_id: str
    payload: dict[str, JsonValue]
    state: State


@dataclass(frozen=True, slots=True)
class End:
    outcome: Outcome
    state: State


@dataclass(frozen=True, slots=True)
class Fresh:
    """No checkpoint yet: send the input."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run was cut off before `nodes`: `Continue`."""

    nodes: tuple[str, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Rest:
    """What a thread at rest shows."""

    values: dict[str, Any]
    asked: Mapping[str, Sequence[Interrupt]]
    """By task."""

    @property
    def interrupts(self) -> list[Interrupt]:
        return [interrupt for each in self.asked.values() for interrupt in each]


def bind(graph: Graph, saver: BaseCheckpointSaver[str]) -> Graph:
    """The same compiled graph with this run's saver, so that threads run side by side, each with its own.

    A shallow copy: `Pregel.copy` would validate the whole graph anew.
    """
    bound = copy(graph)
    bound.checkpointer = saver
    return bound


async def look(
    graph: Graph, saver: BaseCheckpointSaver[str], thread_id: str
) -> Fresh | Unfinished | Pause | End:
    """What a thread waits for; nothing runs."""
    saved = await saver.aget_tuple(_config(thread_id))
    if saved is None:
        return Fresh()
    if (rest := at_rest(graph, saved)) and rest.interrupts:
        return _pause(rest.interrupts[0], cast("State", rest.values))
    snapshot = await bind(graph, saver).aget_state(_config(thread_id))
    state = cast("State", snapshot.values)
    if snapshot.interrupts:
        return _pause(snapshot.interrupts[0], state)
    if snapshot.next:
        return Unfinished(snapshot.next, state)
    return _end(state)


async def snapshot(
    graph: Graph, saver: BaseCheckpointSaver[str], thread_id: str, checkpoint_id: str
) -> StateSnapshot:
    """The state as it was at a checkpoint, with what its tasks have asked and done since."""
    where = {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}
    return await bind(graph, saver).aget_state({"configurable": where})


def at_rest(graph: Graph, saved: CheckpointTuple) -> Rest | None:
    """What a snapshot would say, read from the checkpoint at a tenth of its price; None where there is more to it than
    values and questions that nobody has answered."""
    values, writes = saved.checkpoint["channel_values"], saved.pending_writes or []
    if not values.keys() >= _ALWAYS or any(channel != _INTERRUPT for _, channel, _ in writes):
        return None
    shown = {name: values[name] for name in graph.stream_channels_asis if name in values}
    return Rest(shown, {task: asked for task, _, asked in writes})


async def advance(
    graph: Graph,
    saver: BaseCheckpointSaver[str],
    thread_id: str,
    do: Start | Resume | Continue,
    context: Context,
    names: Mapping[str, str] | None = None,
) -> AsyncGenerator[Step | Pause | End]:
    """Run to the next pause or the end, which is what comes last. `names` go into the checkpoints' metadata.

    Whatever a writer, a critic or the saver raises is raised; an interrupt that is not pending raises LangGraph's
    UnknownInterruptError and an answer that no pause understands pydantic's ValidationError, both before anything
    is saved.
    """
    state: State = {}
    done: dict[str, State | None] = {}
    interrupts: Sequence[Interrupt] = ()
    stream = cast(
        "AsyncGenerator[tuple[str, dict[str, Any]]]",
        bind(graph, saver).astream(
            _message(do),
            {**_config(thread_id), "metadata": dict(names or {})},
            context=context,
            stream_mode=["updates", "values"],
            durability="sync",
        ),
    )
    async with aclosing(stream):
        async for mode, chunk in stream:
            if mode == "updates":
                done = chunk
                continue
            # A superstep's values come when its checkpoint is with the saver, its updates before that.
            state = cast("State", {name: value for name, value in chunk.items() if name != _INTERRUPT})
            interrupts = chunk.get(_INTERRUPT, ())
            for node, update in done.items():
                if node != _INTERRUPT:
                    yield _step(node, update or {}, state)
            done = {}
    yield _pause(interrupts[0], state) if interrupts else _end(state)


def _message(do: Start | Resume | Continue) -> Input | Command[str] | None:
    match do:
        case Start(given):
            return given
        case Resume(interrupt_id, value):
            return Command(resume={interrupt_id: value})
        case Continue():
            return None
        case unknown:
            assert_never(unknown)


def _config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, STRICT_RESUME: True}}


def _step(node: str, update: State, state: State) -> Step:
    return Step(node, tuple(update.get("drafts", ())), tuple(update.get("evaluations", ())), state)


def _pause(interrupt: Interrupt, state: State) -> Pause:
    return Pause(interrupt.value["kind"], interrupt.id, interrupt.value, state)


def _end(state: State) -> End:
    """A thread that was moved to its end from outside (Agent Inbox ignores that way) is rejected."""
    return End(state.get("outcome", "rejected"), state)
