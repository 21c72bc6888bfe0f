"""A thread's state changed from outside: edited, or gone back to an earlier checkpoint. Its history keeps what was.

Whatever is done here, a text goes out only if a person approves it afterwards: what was approved before is void, what was
planned is cancelled, and the way on leads through `human_review`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from langgraph.types import Command, StateSnapshot
from pydantic import JsonValue, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from core import sql
from core.db import acting_as_service
from core.errors import Conflict, FieldError, Invalid, NotFound
from core.principal import Principal
from core.sql import Connection, Row, Statement, connection_of
from graphs.context import wishes
from graphs.interrupts import Decision
from graphs.run import bind
from graphs.state import Options, SourceInput, State
from models import PlatformStatus
from services import checkpoints, reviews, thread_views
from services.checkpoints import BufferedSaver
from services.checkpoints.clock import follow
from services.threads import GRAPHS

GRACE_SECONDS: Final = 5
"""Whoever changes a state usually runs the thread next. When nobody has, the worker goes on by itself."""

END: Final = "__end__"
_COPY: Final = "__copy__"
_START: Final = "__start__"
_AFTER: Final = {"generate": "evaluate", "evaluate": "human_review"}
"""Where the way leads on from a node whose result is given; a person's and the platform's words are not to be given."""
_OVER: Final = {PlatformStatus.PUBLISHED, PlatformStatus.REJECTED, PlatformStatus.CANCELLED}


class ThreadOver(Conflict):
    title = "The thread is over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    values: Mapping[str, JsonValue] | None = None
    as_node: str | None = None
    """As if this node had said it; None: the way goes on where the checkpoint's does."""
    goto: str | None = None
    """The node to go on with, whatever the checkpoint's way is."""
    checkpoint_id: UUID | None = None
    """What is changed; the latest when it is None."""


class _Editable(TypedDict, total=False):
    source: SourceInput
    options: Options
    active_draft_id: str
    best_draft_id: str | None
    round: int
    feedback: str | None


_EDITABLE: Final = TypeAdapter(_Editable)


async def reject(session: AsyncSession, principal: Principal, thread_id: UUID) -> str:
    """The pending review, as Agent Inbox ignores a thread: by a move to its end. The checkpoint's id.

    Raises NotFound, and Conflict where nothing is pending.
    """
    connection = await connection_of(session)
    thread = await _lock(connection, thread_id)
    pending = await sql.row(connection, _PENDING, {"id": thread_id})
    if pending is None:
        raise Conflict(f"The thread is {thread['status']}: there is no review to reject.")
    await reviews.decide(session, principal, pending["id"], Decision(decision="reject"), None)
    head: str = thread["head"]
    return head


async def change(
    session: AsyncSession, principal: Principal, thread_id: UUID, wanted: Change, *, in_turn: bool = False
) -> str:
    """A new checkpoint, from which the thread goes on; its id. Raises NotFound, Invalid, ThreadOver, or Conflict while
    somebody is at work on the thread, or, but for the one whose turn it is, waits to be."""
    connection = await connection_of(session)
    _check_free(await _lock(connection, thread_id), in_turn=in_turn)
    row = await sql.row(connection, _BASE, {"id": thread_id, "checkpoint_id": _text(wanted.checkpoint_id)})
    base = checkpoints.load(row)
    if row is None or base is None:
        raise NotFound("This thread has no such checkpoint.", remedy="POST /threads/{id}/history lists them.")
    saver = BufferedSaver(base)
    follow(row["head"])
    graph = bind(GRAPHS[row["graph_id"]], saver)
    named = {**base.checkpoint.config["configurable"], "changed_by": principal.username}
    snapshot = await graph.aget_state({"configurable": named})
    changes = _changes(snapshot.values, wanted.values or {})
    target = _target(snapshot, changes, wanted)
    if target == _START:
        saved = await graph.aupdate_state({"configurable": named}, None, as_node=_COPY)
    else:
        moved: Command[str] = Command(update=dict(changes), goto=target)
        saved = await graph.aupdate_state({"configurable": named}, cast("Any", moved), as_node="evaluate")
    rows = saver.take()
    state = {**snapshot.values, **changes}
    parameters = {
        "id": thread_id,
        "status": PlatformStatus.GENERATING if target in {_START, "generate"} else PlatformStatus.EVALUATING,
        "active_draft_id": state.get("active_draft_id"),
        "grace": GRACE_SECONDS,
        **rows.parameters(),
    }
    async with acting_as_service(session):
        await sql.rows(connection, _statement(rows.kinds()), parameters)
    checkpoint_id: str = saved["configurable"]["checkpoint_id"]
    return checkpoint_id


async def _lock(connection: Connection, thread_id: UUID) -> Row:
    await thread_views.find(connection, thread_id)
    await sql.rows(connection, _LOCK, {"id": thread_id})
    # A statement of its own: it sees what was committed while the lock was awaited.
    found = await sql.row(connection, _FOUND, {"id": thread_id})
    if found is None:
        raise Conflict("Nothing has run on this thread yet: there is no state to change.")
    return found


def _check_free(thread: Row, *, in_turn: bool) -> None:
    if thread["status"] in _OVER:
        raise ThreadOver(
            f"The thread is {thread['status']}: it stays as it is, as a record.",
            remedy="`proofroom studio --thread` opens a copy that can be changed and publishes nothing.",
        )
    if thread["job"]:
        raise Conflict(
            f"Its publication is {thread['job']}: what may be out cannot be changed.",
            remedy="Wait for its outcome, or reconcile the job.",
        )
    if thread["busy"] or (thread["awaited"] and not in_turn):
        raise Conflict("The thread is at work.", remedy="Try again when it has come to its next pause.")


def _changes(state: Mapping[str, Any], values: Mapping[str, JsonValue]) -> _Editable:
    """What `values` has that the state does not. Raises Invalid for what nobody may say from outside, and for what no
    node could work with."""
    given = {name: value for name, value in values.items() if not _has(state.get(name), value)}
    for name in given.keys() - _Editable.__annotations__.keys():
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


def _target(snapshot: StateSnapshot, changes: _Editable, wanted: Change) -> str:
    """The node to go on with."""
    as_node = wanted.as_node
    if wanted.goto is not None:
        target = _reachable(wanted.goto)
    elif as_node in {None, _COPY}:
        if not snapshot.next:
            raise Conflict("This checkpoint is an end.", remedy="Go back to one that has a next step.")
        target = snapshot.next[0]
    elif as_node in _AFTER:
        target = _AFTER[as_node or ""]
    else:
        raise _as_nobody(as_node or "")
    if target == _START:
        if changes:
            detail = "The input is not in the state yet."
            raise _invalid("", detail, "Change the checkpoint after this one.")
        return target
    if target == "publish":
        target = "human_review"
    active = changes.get("active_draft_id") or snapshot.values.get("active_draft_id")
    if target != "generate" and active is None:
        raise _invalid("active_draft_id", f"{target} needs a draft, and there is none yet.")
    scored = {evaluation["draft_id"] for evaluation in snapshot.values.get("evaluations", ())}
    return "evaluate" if target == "human_review" and active not in scored else target


def _reachable(goto: str) -> str:
    if goto in {*_AFTER, "human_review"}:
        return goto
    detail = f"Nobody goes to {goto!r} from outside."
    remedy = f"Take one of {', '.join(_AFTER)} and human_review; what is approved there is published."
    raise Invalid(detail, remedy=remedy, errors=[FieldError("/command/goto", detail)])


def _as_nobody(as_node: str) -> Invalid:
    match as_node:
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
    return Invalid(detail, remedy=remedy, errors=[FieldError("/as_node", detail)])


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


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


_LOCK: Final = Statement.of("SELECT id FROM platform_states WHERE id = :id FOR UPDATE")
_HEAD: Final = """
SELECT checkpoint_id FROM checkpoints h WHERE h.thread_id = p.id::text AND h.checkpoint_ns = ''
ORDER BY h.checkpoint_id DESC LIMIT 1"""
_FOUND: Final = Statement.of(f"""
SELECT p.status, ({_HEAD}) AS head,
    (p.due_at <= now() OR p.lease_until > now() OR p.run_id IS NOT NULL) IS TRUE AS busy,
    EXISTS (
        SELECT FROM runs r WHERE r.thread_id = p.id AND r.begun_at IS NULL AND r.status = 'pending'
    ) AS awaited,
    (SELECT j.status FROM publishing_jobs j
        WHERE j.thread_id = p.id AND j.status IN ('publishing', 'unknown', 'published') LIMIT 1) AS job
FROM platform_states p WHERE p.id = :id
""")
_PENDING: Final = Statement.of("""
SELECT id FROM reviews WHERE thread_id = :id AND status = 'pending' ORDER BY created_at DESC LIMIT 1
""")
_BASE: Final = Statement.of(f"""
SELECT p.platform AS graph_id, ({_HEAD}) AS head, {checkpoints.COLUMNS}
FROM platform_states p CROSS JOIN LATERAL (
    SELECT * FROM checkpoints b WHERE b.thread_id = p.id::text AND b.checkpoint_ns = ''
        AND b.checkpoint_id = coalesce(CAST(:checkpoint_id AS text), ({_HEAD}))
) k WHERE p.id = :id
""")
_CHANGE: Final = """
fence AS (
    UPDATE platform_states SET status = CAST(:status AS text), active_draft_id = CAST(:active_draft_id AS uuid),
        due_at = now() + make_interval(secs => :grace), lease_until = NULL, held_by = NULL, epoch = epoch + 1,
        attempts = 0, lost_leases = 0, error = NULL
    WHERE id = :id RETURNING id
), thread AS (
    UPDATE threads t SET status = 'busy' FROM fence f WHERE t.id = f.id
), superseded AS (
    UPDATE reviews r SET status = 'superseded' FROM fence f WHERE r.thread_id = f.id AND r.status = 'pending'
), voided AS (
    UPDATE reviews r SET approved_hash = NULL FROM fence f WHERE r.approved_hash IS NOT NULL AND r.id = (
        SELECT id FROM reviews WHERE thread_id = f.id ORDER BY created_at DESC, id DESC LIMIT 1
    )
), cancelled AS (
    UPDATE publishing_jobs j SET status = 'cancelled' FROM fence f
    WHERE j.thread_id = f.id AND (j.status IN ('queued', 'scheduled', 'held')
        OR (j.status = 'failed' AND j.error ->> 'code' IS DISTINCT FROM 'Refused'))
)"""


@cache
def _statement(kinds: tuple[str, ...]) -> Statement:
    parts = [_CHANGE, *(checkpoints.WRITES[kind] for kind in kinds)]
    return Statement.of(f"WITH {', '.join(parts)} SELECT id FROM fence")
