"""What LangGraph's clients send. Unlike in /v1, unknown fields are ignored: clients are newer and older than we are."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, field_validator

Facts = dict[str, JsonValue]
Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=1_000_000)]
SortOrder = Literal["asc", "desc"]
AssistantField = Literal[
    "assistant_id",
    "graph_id",
    "name",
    "description",
    "config",
    "context",
    "created_at",
    "updated_at",
    "metadata",
    "version",
]
ThreadField = Literal[
    "thread_id",
    "created_at",
    "updated_at",
    "state_updated_at",
    "metadata",
    "config",
    "context",
    "status",
    "values",
    "interrupts",
    "error",
]
_STATE_FIELD: Final = (
    r"^(values(\..+)?|next|tasks|checkpoint|metadata|created_at|parent_checkpoint|interrupts)$"
)
StateField = Annotated[str, Field(pattern=_STATE_FIELD)]
"""Also one value of the state: `values.drafts`."""
_PATH: Final = re.compile(r"(values|metadata|config|interrupts)((\.[A-Za-z0-9_-]+)|(\[-?\d{1,6}\]))*")
_PATHS: Final = 10


def refuse(why: str) -> BeforeValidator:
    """For a field that we know and cannot honour: only null is taken."""

    def check(value: object) -> None:
        if value is not None:
            raise ValueError(why)

    return BeforeValidator(check)


NoTtl = Annotated[
    None, refuse("Threads do not expire: their drafts and their ledger are the record. Delete the thread.")
]
NoSupersteps = Annotated[None, refuse("A thread's history is made by its runs.")]
NoValues = Annotated[
    None, refuse("Threads are not found by their values. Search by metadata, status or ids.")
]


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class AssistantFilter(Body):
    metadata: Facts | None = None
    graph_id: str | None = None
    name: str | None = None


class AssistantSearch(AssistantFilter):
    limit: Limit = 10
    offset: Offset = 0
    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    sort_order: SortOrder | None = None
    select: list[AssistantField] | None = None


class AssistantVersions(Body):
    metadata: Facts | None = None
    limit: Limit = 10
    offset: Offset = 0


class ThreadCreate(Body):
    thread_id: UUID | None = None
    metadata: Facts | None = None
    if_exists: Literal["raise", "do_nothing"] = "raise"
    ttl: NoTtl = None
    supersteps: NoSupersteps = None


class ThreadPatch(Body):
    metadata: Facts = Field(default_factory=dict)
    ttl: NoTtl = None


class ThreadFilter(Body):
    metadata: Facts | None = None
    values: NoValues = None
    status: Literal["idle", "busy", "interrupted", "error"] | None = None
    ids: list[UUID] | None = Field(None, max_length=1000)


class ThreadSearch(ThreadFilter):
    limit: Limit = 10
    offset: Offset = 0
    sort_by: Literal["thread_id", "status", "created_at", "updated_at", "state_updated_at"] = "created_at"
    sort_order: SortOrder = "desc"
    select: list[ThreadField] | None = None
    extract: dict[str, str] | None = None
    """Values under names of the caller's own, by paths such as `values.drafts[-1].content`."""

    @field_validator("sort_by", "sort_order", mode="before")
    @classmethod
    def _null_is_the_default(cls, value: object, field: Any) -> object:
        return cls.model_fields[field.field_name].default if value is None else value

    @field_validator("extract")
    @classmethod
    def _are_paths(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        wrong = [path for path in (value or {}).values() if not _PATH.fullmatch(path)]
        if wrong or len(value or ()) > _PATHS:
            raise ValueError(
                f"At most {_PATHS} paths below values, metadata, config or interrupts are taken."
            )
        return value


class CheckpointRef(Body):
    """A point in a thread's history, as its state names it."""

    thread_id: UUID | None = None
    checkpoint_ns: Literal[""] | None = ""
    """These graphs have no subgraphs."""
    checkpoint_id: UUID | None = None


class StateAt(Body):
    checkpoint: CheckpointRef
    subgraphs: bool = False
    select: list[StateField] | None = None


class StateUpdate(Body):
    values: Facts | None = None
    as_node: str | None = None
    checkpoint: CheckpointRef | None = None
    checkpoint_id: UUID | None = None


class HistorySearch(Body):
    limit: Limit = 10
    before: UUID | CheckpointRef | None = None
    metadata: Facts | None = None
    checkpoint: CheckpointRef | None = None
    select: list[StateField] | None = None


class Prune(Body):
    thread_ids: list[str]


def extracted(thread: Any, path: str) -> Any:
    """What stands at the path, None where there is nothing."""
    found = thread
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return found


def picked(state: Mapping[str, Any], select: Sequence[str] | None) -> dict[str, Any]:
    """The named fields of a state; `values.drafts` is one of its values."""
    if not select:
        return dict(state)
    shown = {name: state[name] for name in select if "." not in name}
    of_values = [name.partition(".")[2] for name in select if "." in name]
    if of_values and "values" not in shown:
        shown["values"] = {name: state["values"].get(name) for name in of_values}
    return shown
