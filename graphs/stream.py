"""What LangGraph's streams tell of a run, from the checkpoints that it left: the same pieces in the same order, for a
reader in another process, and again for one who comes back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

from langgraph.types import Interrupt, PregelTask, StateSnapshot

from graphs.state import Output

Mode = Literal[
    "values", "updates", "messages", "messages-tuple", "custom", "tasks", "checkpoints", "events", "debug"
]

Snapshot: TypeAlias = StateSnapshot

OUTPUTS: Final = frozenset(Output.__annotations__)
"""What values and updates show; the state has more."""
_START: Final = "__start__"
_INTERRUPT: Final = "__interrupt__"


@dataclass(frozen=True, slots=True)
class Part:
    """One server-sent event of the mode that asks for it."""

    mode: Mode
    event: str
    data: Any


@dataclass(frozen=True, slots=True)
class Run:
    """What a run is called in its own events."""

    run_id: UUID
    thread_id: UUID
    graph_id: str
    assistant_id: str


@dataclass(frozen=True, slots=True)
class Teller:
    run: Run

    def begin(self, snapshot: Snapshot, *, resumed: bool) -> Iterator[Part]:
        """The run has come to this checkpoint: at the end, or where its next steps begin."""
        if resumed:
            yield Part("values", "values", outputs(snapshot))
        checkpoint = _checkpoint(snapshot, resumed=resumed)
        yield Part("checkpoints", "checkpoints", checkpoint)
        yield _debug(snapshot, 0, "checkpoint", {**checkpoint, **_as_checkpoints(snapshot)})
        for task in _steps(snapshot):
            started = {**_started(snapshot, task), "metadata": self._names()}
            yield Part("tasks", "tasks", started)
            yield _debug(snapshot, 1, "task", started)
            yield self._chain("on_chain_start", snapshot, task, {"input": snapshot.values})

    def go_on(self, snapshot: Snapshot, following: Snapshot) -> Iterator[Part]:
        """Its steps are over, and brought it to the next one."""
        for task in _steps(snapshot):
            result = task.result or {}
            update = {name: value for name, value in result.items() if name in OUTPUTS}
            for draft in update.get("drafts", ()):
                if draft["source"] == "ai":
                    yield from self.message(draft["content"], _sequence(draft), snapshot, whole=True)
            yield Part("updates", "updates", {task.name: update or None})
            ended = _ended(task, result)
            yield Part("tasks", "tasks", ended)
            yield _debug(snapshot, 1, "task_result", ended)
            yield self._chain("on_chain_stream", snapshot, task, {"chunk": result})
            yield self._chain("on_chain_end", snapshot, task, {"output": result, "input": snapshot.values})
            yield self._whole("on_chain_stream", {"chunk": {task.name: update or None}})
            if update:
                yield Part("values", "values", outputs(following))

    def pause(self, snapshot: Snapshot) -> Iterator[Part]:
        """It waits there for an answer, or has come to its end."""
        for task in _steps(snapshot):
            interrupts = [_interrupt(interrupt) for interrupt in task.interrupts]
            yield Part("updates", "updates", {_INTERRUPT: interrupts})
            yield Part("values", "values", {**outputs(snapshot), _INTERRUPT: interrupts})
            ended = {**_ended(task, {}), "interrupts": interrupts}
            yield Part("tasks", "tasks", ended)
            yield _debug(snapshot, 1, "task_result", ended)
            yield self._whole("on_chain_stream", {"chunk": {_INTERRUPT: interrupts}})
        yield self._whole("on_chain_end", {"output": result(snapshot)})

    def begun(self) -> Part:
        return self._whole("on_chain_start", {})

    def message(
        self, text: str, sequence: int, at: Snapshot | None, *, whole: bool = False
    ) -> Iterator[Part]:
        """A draft as a message: pieces while it is written, then all of it under the same id."""
        id_ = f"{self.run.thread_id}-{sequence}"
        step = at.metadata["step"] + 1 if at is not None and at.metadata else 0
        about = self._metadata(step, "generate")
        piece: dict[str, Any] = {
            "content": text,
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "ai" if whole else "AIMessageChunk",
            "name": None,
            "id": id_,
        }
        yield Part("messages-tuple", "messages", [piece, about])
        if whole:
            yield Part("messages", "messages/metadata", {id_: {"metadata": about}})
            yield Part("messages", "messages/complete", [piece])
        else:
            chunk = {
                "event": "on_chat_model_stream",
                "name": "writer",
                "run_id": id_,
                "tags": [f"seq:step:{step}"],
                "metadata": about,
                "parent_ids": [str(self.run.run_id)],
                "data": {"chunk": piece},
            }
            yield Part("events", "events", chunk)

    def partial(self, text: str, sequence: int, *, first: bool) -> Iterator[Part]:
        """What has been written so far, for those who want it as one."""
        id_ = f"{self.run.thread_id}-{sequence}"
        if first:
            yield Part("messages", "messages/metadata", {id_: {"metadata": self._metadata(0, "generate")}})
        message = {"content": text, "additional_kwargs": {}, "response_metadata": {}, "type": "ai"}
        yield Part("messages", "messages/partial", [{**message, "name": None, "id": id_}])

    def _chain(self, event: str, snapshot: Snapshot, task: PregelTask, data: Mapping[str, Any]) -> Part:
        step = _step(snapshot) + 1
        told = {
            "event": event,
            "name": task.name,
            "run_id": task.id,
            "tags": [f"graph:step:{step}"],
            "metadata": self._metadata(step, task.name),
            "parent_ids": [str(self.run.run_id)],
            "data": data,
        }
        return Part("events", "events", told)

    def _whole(self, event: str, data: Mapping[str, Any]) -> Part:
        run = self.run
        told = {
            "event": event,
            "name": run.graph_id,
            "run_id": str(run.run_id),
            "tags": [],
            "metadata": self._names(),
            "parent_ids": [],
            "data": data,
        }
        return Part("events", "events", told)

    def _metadata(self, step: int, node: str) -> dict[str, Any]:
        return {
            **self._names(),
            "langgraph_step": step,
            "langgraph_node": node,
            "langgraph_triggers": [_trigger(node)],
            "langgraph_path": ["__pregel_pull", node],
        }

    def _names(self) -> dict[str, str]:
        run = self.run
        return {
            "run_id": str(run.run_id),
            "thread_id": str(run.thread_id),
            "graph_id": run.graph_id,
            "assistant_id": run.assistant_id,
        }


def outputs(snapshot: Snapshot) -> dict[str, Any]:
    return {name: value for name, value in snapshot.values.items() if name in OUTPUTS}


def result(snapshot: Snapshot) -> dict[str, Any]:
    """What a run that ended there answers: its values, and what it waits for."""
    return answer(snapshot.values, [each for task in _steps(snapshot) for each in task.interrupts])


def answer(values: Mapping[str, Any], interrupts: Sequence[Interrupt]) -> dict[str, Any]:
    shown = {name: value for name, value in values.items() if name in OUTPUTS}
    return shown | ({_INTERRUPT: [_interrupt(each) for each in interrupts]} if interrupts else {})


def drafts_written(snapshot: Snapshot) -> int:
    return len(snapshot.values.get("drafts") or ())


def _checkpoint(snapshot: Snapshot, *, resumed: bool) -> dict[str, Any]:
    return {
        "config": snapshot.config,
        "parent_config": snapshot.parent_config,
        "values": snapshot.values,
        "metadata": snapshot.metadata,
        "next": list(snapshot.next),
        "tasks": [
            {
                "id": task.id,
                "name": task.name,
                "interrupts": [_interrupt(each) for each in task.interrupts] if resumed else [],
                "state": None,
            }
            for task in snapshot.tasks
        ],
    }


def _as_checkpoints(snapshot: Snapshot) -> dict[str, Any]:
    parent = snapshot.parent_config
    return {
        "checkpoint": snapshot.config["configurable"],
        "parent_checkpoint": parent["configurable"] if parent else None,
    }


def _steps(snapshot: Snapshot) -> list[PregelTask]:
    return [task for task in snapshot.tasks if task.name != _START]


def _step(snapshot: Snapshot) -> int:
    return snapshot.metadata["step"] if snapshot.metadata else 0


def _started(snapshot: Snapshot, task: PregelTask) -> dict[str, Any]:
    return {"id": task.id, "name": task.name, "input": snapshot.values, "triggers": [_trigger(task.name)]}


def _ended(task: PregelTask, result: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": task.id, "name": task.name, "error": None, "result": dict(result), "interrupts": []}


def _trigger(node: str) -> str:
    return f"branch:to:{node}"


def _debug(snapshot: Snapshot, later: int, kind: str, payload: Mapping[str, Any]) -> Part:
    told = {
        "step": _step(snapshot) + later,
        "timestamp": snapshot.created_at,
        "type": kind,
        "payload": payload,
    }
    return Part("debug", "debug", told)


def _interrupt(interrupt: Any) -> dict[str, Any]:
    return asdict(interrupt)


def _sequence(draft: Mapping[str, Any]) -> int:
    sequence: int = draft["sequence"]
    return sequence
