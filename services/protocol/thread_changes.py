"""A thread's state changed from outside: edited, or gone back to an earlier checkpoint. Its history keeps what was.

Whatever is done here, a text goes out only if a person approves it afterwards: what was approved before is void, what was
planned is cancelled, and the way on leads through `human_review`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.db import acting_as_service
from core.errors import Conflict, NotFound
from core.principal import Principal
from core.sql import Connection, Row, Statement, connection_of
from graphs.interrupts import Decision
from graphs.names import assistant_id
from graphs.run import bind
from models import PlatformStatus
from services import checkpoints
from services.checkpoints import BufferedSaver
from services.checkpoints.clock import follow
from services.delivery import jobs
from services.protocol import state_edits, thread_views
from services.reviewing import reviews
from services.threads import GRAPHS

GRACE_SECONDS: Final = 5
"""Whoever changes a state usually runs the thread next. When nobody has, the worker goes on by itself."""

END: Final = "__end__"
_STATUS: Final = {state_edits.START: PlatformStatus.GENERATING, "generate": PlatformStatus.GENERATING}
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


async def reject(session: AsyncSession, principal: Principal, thread_id: UUID) -> str:
    """The pending review, as Agent Inbox ignores a thread: by a move to its end. The checkpoint's id.

    Raises NotFound, and Conflict where nothing is pending.
    """
    connection = connection_of(session)
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
    connection = connection_of(session)
    _check_free(await _lock(connection, thread_id), in_turn=in_turn)
    row = await sql.row(connection, _BASE, {"id": thread_id, "checkpoint_id": _text(wanted.checkpoint_id)})
    base = checkpoints.load(row)
    if row is None or base is None:
        raise NotFound("This thread has no such checkpoint.", remedy="POST /threads/{id}/history lists them.")
    # In the checkpoint's own config, from which LangGraph takes what the new one's metadata says.
    config: RunnableConfig = {
        "configurable": {**base.checkpoint.config["configurable"], "changed_by": principal.username},
        "metadata": {"graph_id": row["graph_id"], "assistant_id": assistant_id(row["graph_id"])},
    }
    saver = BufferedSaver(replace(base, checkpoint=base.checkpoint._replace(config=config)))
    follow(row["head"])
    graph = bind(GRAPHS[row["graph_id"]], saver)
    snapshot = await graph.aget_state(config)
    changes = state_edits.accepted(snapshot.values, wanted.values or {})
    state = {**snapshot.values, **changes}
    way_on = state_edits.way_on(snapshot.next, wanted.as_node, wanted.goto)
    target = state_edits.entered(way_on, state, changed=bool(changes))
    if target == state_edits.START:
        saved = await graph.aupdate_state(config, None, as_node=state_edits.COPY)
    else:
        # What was noted of another source tells nothing of this one.
        update = {**changes, "notes": None} if "source" in changes else {**changes}
        moved: Command[str] = Command(update=update, goto=target)
        saved = await graph.aupdate_state(config, cast("Any", moved), as_node="evaluate")
    rows = saver.take()
    parameters = {
        "id": thread_id,
        "status": _STATUS.get(target, PlatformStatus.EVALUATING),
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
    if thread["head"] is None:
        raise Conflict(
            "The thread has no checkpoint yet that could be changed.", remedy="Run it (again) first."
        )
    if thread["busy"] or (thread["awaited"] and not in_turn):
        raise Conflict("The thread is at work.", remedy="Try again when it has come to its next pause.")


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
        WHERE j.thread_id = p.id AND {jobs.AT_PLATFORM} LIMIT 1) AS job
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
