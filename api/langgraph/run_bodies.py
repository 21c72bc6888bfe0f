"""What LangGraph's clients send to begin a run. What is harmless here is taken and does nothing: `durability` (each step is
kept as it is paid for), `strict_resume` (resumes are always strict), `stream_subgraphs` (there are none), `feedback_keys`
and `langsmith_tracer` (nothing is traced there), `checkpoint_during`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field, JsonValue, ValidationError, field_validator, model_validator

from api.langgraph.schemas import Body, CheckpointRef, Facts, refuse
from api.schemas.webhooks import Url
from api.schemas.workflows import WorkflowIn
from core.errors import FieldError, Invalid
from graphs.context import Context
from models import MultitaskStrategy
from services.briefs import Options
from services.protocol.thread_changes import END, Change

StreamMode = Literal[
    "values", "messages", "updates", "events", "tasks", "checkpoints", "debug", "custom", "messages-tuple"
]
_LONGEST_DELAY: Final = 30 * 24 * 3600.0
_NOT_OURS: Final = {name for name in Context.model_fields if name not in Options.model_fields}
"""What the service's operator chooses, and a caller cannot: the models, the weights of the criteria."""


def _some(value: object) -> object:
    """Of a list that may also be one alone."""
    return [value] if isinstance(value, str) else value


NoBreak = Annotated[
    None,
    refuse("A run pauses where a person or a platform is asked, and nowhere else."),
    BeforeValidator(lambda value: value or None),
]


def _pairs(update: object) -> object:
    """LangGraph takes a list of [name, value] as well."""
    if isinstance(update, list) and all(isinstance(each, list) and len(each) == 2 for each in update):
        return {str(name): value for name, value in update}
    return update


def _one_node(goto: object) -> object:
    return goto[0] if isinstance(goto, list) and len(goto) == 1 else goto


class RunCommand(Body):
    resume: JsonValue = None
    update: Annotated[Facts | None, BeforeValidator(_pairs)] = None
    goto: Annotated[str | None, BeforeValidator(_one_node)] = Field(None, max_length=50)
    """One node: nothing runs beside anything else in these graphs."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.resume is not None and (self.update is not None or self.goto is not None):
            raise ValueError("A command resumes, or it changes the state: a change leads to a new review.")
        return self


class RunCreate(Body):
    assistant_id: str = Field(max_length=100)
    input: JsonValue = None
    command: RunCommand | None = None
    stream_mode: Annotated[list[StreamMode], BeforeValidator(_some)] | None = None
    stream_resumable: bool | None = None
    metadata: Facts | None = None
    config: Facts | None = None
    context: Facts | None = None
    checkpoint: CheckpointRef | None = None
    checkpoint_id: UUID | None = None
    interrupt_before: NoBreak = None
    interrupt_after: NoBreak = None
    webhook: Url | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    on_completion: Literal["keep", "delete"] | None = None
    multitask_strategy: MultitaskStrategy | None = None
    if_not_exists: Literal["create", "reject"] | None = None
    after_seconds: float | None = Field(None, ge=0, le=_LONGEST_DELAY)
    durability: Literal["sync", "async", "exit"] | None = None

    @field_validator("on_completion")
    @classmethod
    def _is_kept(cls, value: str | None) -> str | None:
        if value == "delete":
            raise ValueError("A thread is kept: it waits for a person when its run is over.")
        return value

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.input is not None and (self.answer is not None or self.change is not None):
            raise ValueError("A run has input or a command, not both.")
        return self

    @property
    def answer(self) -> JsonValue:
        """What it answers to the pending review. To send the thread to its end is to reject, as Agent Inbox ignores."""
        command = self.command
        if command is None:
            return None
        ends = command.goto == END and command.update is None
        return {"decision": "reject"} if ends else command.resume

    @property
    def change(self) -> Change | None:
        command = self.command
        if command is None or self.answer is not None or (command.update is None and command.goto is None):
            return None
        return Change(values=command.update, goto=command.goto)

    @property
    def cancels(self) -> bool:
        """When whoever waits for it leaves."""
        return self.on_disconnect == "cancel"

    @property
    def modes(self) -> list[str]:
        return list(self.stream_mode or ["values"])

    @property
    def at(self) -> UUID | None:
        """The checkpoint from which the run shall go on, however the client says so. Raises Invalid."""
        named = self._configurable.get("checkpoint_id")
        chosen = self.checkpoint_id or (self.checkpoint and self.checkpoint.checkpoint_id)
        try:
            return chosen or (UUID(str(named)) if named else None)
        except ValueError:
            detail = "This is not a checkpoint's id."
            where = "/config/configurable/checkpoint_id"
            raise Invalid(detail, errors=[FieldError(where, detail)]) from None

    def kept(self) -> dict[str, Any]:
        """As the run shows it again; the input is the workflow's."""
        shown = self.model_dump(mode="json", exclude={"metadata", "assistant_id", "input"}, exclude_none=True)
        return {**shown, "stream_mode": self.modes}

    def brief(self, platform: str) -> tuple[WorkflowIn, str | None]:
        """The input, which is what POST /v1/workflows takes but for the platforms, and its source's title."""
        if not isinstance(self.input, dict):
            raise Invalid(
                'Input is {"source": {"type": "text", "text": …}, "options": {…}}.',
                errors=[FieldError("/input", "This is not an object.")],
            )
        given = {name: value for name, value in self.input.items() if name in WorkflowIn.model_fields}
        source = given.get("source")
        title = source.get("title") if isinstance(source, dict) else None
        facts = self.metadata or {}
        brief = {
            "external_id": facts.get("external_id") if isinstance(facts.get("external_id"), str) else None,
            "metadata": facts,
            **given,
            "source": _typed(source),
            "options": {**self._wishes(), **_filled(given.get("options"))},
            "platforms": [platform],
        }
        try:
            return WorkflowIn.model_validate(brief), title if isinstance(title, str) else None
        except ValidationError as error:
            found = [{**each, "loc": ("body", "input", *each["loc"])} for each in error.errors()]
            raise RequestValidationError(found, body={"input": brief}) from None

    @property
    def _configurable(self) -> Mapping[str, Any]:
        found = (self.config or {}).get("configurable")
        return found if isinstance(found, dict) else {}

    def _wishes(self) -> dict[str, Any]:
        """Options by the names of the context. Raises Invalid for what is not the caller's to choose."""
        given = {**self._configurable, **(self.context or {})}
        standard = Context().model_dump(mode="json")
        for name in sorted(_NOT_OURS & given.keys()):
            if given[name] not in (None, "", standard[name]):
                detail = f"{name} is the service's own setting."
                raise Invalid(detail, errors=[FieldError(f"/context/{name}", detail)])
        return {
            name: given[name]
            for name in Context.model_fields
            if name in Options.model_fields and name in given
        }


def _filled(options: JsonValue) -> dict[str, JsonValue]:
    """Studio sends null for what is left empty."""
    if not isinstance(options, dict):
        return {}
    return {name: value for name, value in options.items() if value is not None}


def _typed(source: JsonValue) -> JsonValue:
    """The graphs' own input needs no type, and has fields for what was read from an address."""
    if not isinstance(source, dict):
        return source
    kind = source.get("type") or ("url" if source.get("url") and not source.get("text") else "text")
    fields = {name: value for name, value in source.items() if value is not None and name != "title"}
    if kind in ("text", "url"):
        fields = {name: value for name, value in fields.items() if name == kind}
    return {**fields, "type": kind}


class RunsCancel(Body):
    thread_id: UUID | None = None
    run_ids: list[UUID] | None = Field(None, max_length=1000)
    status: Literal["pending", "running", "all"] | None = None
