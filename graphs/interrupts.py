"""What may answer a pause; `payloads.py` says what it asks.

`ask` validates with these types before anything is saved, so that after a wrong answer the pause can be answered again; who
wants to know beforehand calls `parse_decision` or `parse_receipt`.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, Self, TypeVar
from uuid import UUID

from langgraph.config import get_config
from langgraph.types import interrupt
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from core.content import Content, Media
from core.errors import FieldError, Invalid

_UNDERSTOOD = (
    'Understood are {"decision": "accept" | "edit" | "regenerate" | "reject", …}, Agent Inbox\'s '
    '[{"type": "accept" | "edit" | "response" | "ignore", "args": …}] and '
    '{"decisions": [{"type": "approve" | "edit" | "reject", …}]}.'
)


class Decision(BaseModel):
    """What a reviewer decided. For `accept`, `content` is the text that the reviewer saw, if the client sent it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Literal["accept", "edit", "regenerate", "reject"]
    content: str | None = None
    metadata: dict[str, JsonValue] | None = None
    """Merged into the draft's own (RFC 7396, one level): null removes a key."""
    media: tuple[Media, ...] | None = None
    approve: bool = True
    feedback: str | None = None
    review_id: UUID | None = None
    schedule_for: AwareDatetime | None = None
    account_id: UUID | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_any_client(cls, value: object) -> object:
        if isinstance(value, Mapping) and isinstance(value.get("decisions"), list):
            value = value["decisions"]
        if isinstance(value, list | tuple):
            if len(value) != 1 or not isinstance(value[0], Mapping):
                raise ValueError(f"One decision is needed. {_UNDERSTOOD}")
            return _from_inbox(value[0])
        if not isinstance(value, Mapping) or "decision" not in value:
            raise ValueError(_UNDERSTOOD)
        return value

    @field_validator("schedule_for", mode="before")
    @classmethod
    def _empty_is_now(cls, value: object) -> object:
        return value or None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.decision == "regenerate" and not (self.feedback or "").strip():
            raise ValueError("regenerate needs feedback: what should be different?")
        if self.decision == "edit" and self.content is None and self.metadata is None and self.media is None:
            raise ValueError("edit needs content, metadata or media")
        return self


class Receipt(BaseModel):
    """What became of a publication."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["published", "refused", "cancelled"]
    platform_post_id: str | None = None
    url: str | None = None
    reason: str | None = None
    """The platform's own words when it refused."""

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.outcome == "published" and not (self.platform_post_id and self.url):
            raise ValueError("published needs platform_post_id and url")
        if self.outcome == "refused" and not self.reason:
            raise ValueError("refused needs the reason")
        return self


_SCHEMAS: Final[Mapping[type[BaseModel], dict[str, Any]]] = {
    Decision: {"title": "Decision", "description": _UNDERSTOOD, "type": ["object", "array"]},
    Receipt: {"title": "Receipt", "type": "object", "required": ["outcome"]},
}
"""What LangGraph stores with each pause: of all three forms of a decision."""
SCRATCHPAD: Final = "__pregel_scratchpad"
"""Where LangGraph keeps a task's answers. Private; tests/graphs/test_run.py pins it."""

_Answer = TypeVar("_Answer", bound=BaseModel)


def ask(payload: Any, answer: type[_Answer]) -> _Answer:
    """`interrupt`, but for the schema, which LangGraph would generate anew at each pause: that takes 0.4 ms."""
    answers = get_config()["configurable"][SCRATCHPAD]
    if answers.resume or answers.get_null_resume() is not None:
        return interrupt(payload, response_schema=answer)
    interrupt(payload, response_schema=_SCHEMAS[answer])
    raise AssertionError("a pause that nobody has answered does not return")


def parse_decision(value: object) -> Decision:
    """Raises Invalid that says what is understood."""
    return _parse(Decision, value, "This is not a decision.")


def parse_receipt(value: object) -> Receipt:
    """Raises Invalid."""
    return _parse(Receipt, value, "This is not a receipt.")


def edited(content: Content, decision: Decision) -> Content:
    """The content as an `edit` leaves it; what the decision does not name stays."""
    metadata = content.metadata | (decision.metadata or {})
    return Content(
        content=content.content if decision.content is None else decision.content,
        metadata={name: value for name, value in metadata.items() if value is not None},
        media=content.media if decision.media is None else decision.media,
    )


def _from_inbox(answer: Mapping[str, object]) -> dict[str, object]:
    """Agent Inbox's HumanResponse, or one of LangChain's newer decisions, in our form."""
    match answer.get("type"):
        case "accept" | "approve":
            return {"decision": "accept", **_fields(answer.get("args"))}
        case "edit":
            return {"decision": "edit", **_fields(answer.get("args") or answer.get("edited_action"))}
        case "response":
            return {"decision": "regenerate", "feedback": answer.get("args")}
        case "ignore":
            return {"decision": "reject"}
        case "reject":
            return {"decision": "reject", "feedback": answer.get("message")}
        case unknown:
            raise ValueError(f"Unknown type {unknown!r}. {_UNDERSTOOD}")


def _fields(action: object) -> dict[str, object]:
    """The flat strings that the payload offered for editing; those of metadata go back where they came from."""
    args = action.get("args") if isinstance(action, Mapping) else None
    if not isinstance(args, Mapping):
        return {}
    fields = {name: value for name, value in args.items() if name != "title"}
    return fields | ({"metadata": {"title": args["title"] or None}} if "title" in args else {})


def _parse(answer: type[_Answer], value: object, detail: str) -> _Answer:
    try:
        return answer.model_validate(value)
    except ValidationError as error:
        errors = [
            FieldError(
                "/" + "/".join(str(part) for part in problem["loc"]),
                problem["msg"].removeprefix("Value error, "),
            )
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise Invalid(
            f"{detail} {' '.join(problem.detail for problem in errors)}", remedy=_UNDERSTOOD, errors=errors
        ) from error
