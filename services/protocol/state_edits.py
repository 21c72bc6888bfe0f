"""What may be said of a thread's state from outside, and where the thread goes on from there."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, cast

from pydantic import Field, JsonValue, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from core.errors import Conflict, FieldError, Invalid
from graphs.context import wishes
from graphs.state import Options, SourceInput, State

COPY: Final = "__copy__"
START: Final = "__start__"
_MOST_ROUNDS: Final = 1000
_AFTER: Final = {"generate": "evaluate", "evaluate": "human_review"}
"""Where the way leads on from a node whose result is given; a person's and the platform's words are not to be given."""


class Editable(TypedDict, total=False):
    source: SourceInput
    options: Options
    active_draft_id: str
    best_draft_id: str | None
    round: Annotated[int, Field(ge=0, le=_MOST_ROUNDS)]
    feedback: str | None


_EDITABLE: Final = TypeAdapter(Editable)


def accepted(state: Mapping[str, Any], values: Mapping[str, JsonValue]) -> Editable:
    """What `values` has that the state does not. Raises Invalid for what nobody may say from outside, and for what no
    node could work with."""
    given = {name: value for name, value in values.items() if not _has(state.get(name), value)}
    for name in given.keys() - Editable.__annotations__.keys():
        raise _invalid(name, _REFUSED.get(name, "The state has no such field."))
    try:
        changes = _EDITABLE.validate_python(given, strict=True)
        wishes(cast("State", {"options": changes.get("options", {})}), None)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _invalid("/".join(str(part) for part in problem["loc"]), problem["msg"]) from None
    drafts = {draft["id"] for draft in state.get("drafts", ())}
    for name in ("active_draft_id", "best_draft_id"):
        if changes.get(name) is not None and changes.get(name) not in drafts:
            raise _invalid(name, "The checkpoint has no such draft.")
    return changes


def _has(kept: Any, value: JsonValue) -> bool:
    """Records that are sent back as they were, some or all, change nothing."""
    if isinstance(kept, list) and isinstance(value, list):
        return all(record in kept for record in value)
    return bool(kept == value)


def way_on(following: Sequence[str], as_node: str | None, goto: str | None) -> str:
    """The node to go on with: where the checkpoint leads, unless something else is asked for."""
    if goto is not None:
        return _reachable(goto)
    if as_node not in {None, COPY}:
        return _after(as_node or "")
    if not following:
        raise Conflict("This checkpoint is an end.", remedy="Go back to one that has a next step.")
    return following[0]


def entered(node: str, state: Mapping[str, Any], *, changed: bool) -> str:
    """The node that can be gone on with in this state: before a publication a person decides, before a person the critic.

    Raises Invalid where the state has not what the node works with.
    """
    if node == START and not changed:
        return node
    if "source" not in state:
        raise _invalid("", "The input is not in the state yet.", "Change the checkpoint after this one.")
    node = "human_review" if node == "publish" else node
    active = state.get("active_draft_id")
    if node != "generate" and active is None:
        raise _invalid("active_draft_id", f"{node} needs a draft, and there is none yet.")
    scored = {evaluation["draft_id"] for evaluation in state.get("evaluations", ())}
    return "evaluate" if node == "human_review" and active not in scored else node


def _reachable(goto: str) -> str:
    if goto in {*_AFTER, "human_review"}:
        return goto
    detail = f"Nobody goes to {goto!r} from outside."
    remedy = f"Take one of {', '.join(_AFTER)} and human_review; what is approved there is published."
    raise Invalid(detail, remedy=remedy, errors=[FieldError("/command/goto", detail)])


def _after(as_node: str) -> str:
    match as_node:
        case "generate" | "evaluate":
            return _AFTER[as_node]
        case "human_review":
            detail = "What human_review says is a reviewer's decision."
            remedy = "Resume its interrupt with command.resume."
        case "publish":
            detail = "What publish says is the platform's receipt, and only the worker has that."
            remedy = "Decide the review; the worker publishes."
        case "__start__" | "__input__":
            detail = "A thread is one brief."
            remedy = "Begin a new thread with the new input; or change source or options in the state."
        case _:
            detail = f"There is no node {as_node!r} whose result can be given."
            remedy = f"Take one of {', '.join(_AFTER)}, or none."
    raise Invalid(detail, remedy=remedy, errors=[FieldError("/as_node", detail)])


def _invalid(name: str, detail: str, remedy: str | None = None) -> Invalid:
    pointer = f"/values/{name}" if name else "/values"
    return Invalid(f"{pointer}: {detail}", remedy=remedy, errors=[FieldError(pointer, detail)])


_REFUSED: Final = {
    "drafts": "A draft is never changed. Resume its review with an edit, which makes a new one.",
    "evaluations": "Scores are the critic's.",
    "decision": "A decision is a reviewer's: resume the interrupt.",
    "receipt": "A receipt is the platform's.",
    "outcome": "The outcome is the ledger's.",
    "refusal": "A refusal is the platform's.",
    "objection": "An objection follows from a decision.",
}
