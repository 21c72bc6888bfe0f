from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from api.deps import Db, Session, Viewer
from api.langgraph.answers import answer
from api.langgraph.schemas import CheckpointRef, HistorySearch, StateAt, StateField, StateUpdate, picked
from api.route import router as new_router
from core.principal import Role, Scope
from core.sql import connection_of
from services.protocol import thread_changes, thread_states, thread_views
from services.protocol.thread_changes import Change

router = new_router("/threads", "langgraph", documented=False)


@router.get("/{thread_id}/state")
async def read_state(
    thread_id: UUID,
    principal: Viewer,
    db: Db,
    subgraphs: bool = False,
    select: Annotated[list[StateField] | None, Query()] = None,
) -> Response:
    """`subgraphs`: there are none."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        state = await thread_states.latest(connection, thread_id)
    return answer(picked(state, select))


@router.get("/{thread_id}/state/{checkpoint_id}")
async def read_state_at(
    thread_id: UUID,
    checkpoint_id: UUID,
    _: Viewer,
    session: Session,
    subgraphs: bool = False,
    select: Annotated[list[StateField] | None, Query()] = None,
) -> Response:
    thread = await thread_views.find(connection_of(session), thread_id)
    return answer(picked(await thread_states.at(session, thread, checkpoint_id), select))


@router.post("/{thread_id}/state/checkpoint")
async def read_state_at_checkpoint(
    thread_id: UUID, body: StateAt, principal: Viewer, db: Db, session: Session
) -> Response:
    if body.checkpoint.checkpoint_id is None:
        return await read_state(thread_id, principal, db, body.subgraphs, body.select)
    return await read_state_at(
        thread_id, body.checkpoint.checkpoint_id, principal, session, body.subgraphs, body.select
    )


@router.post("/{thread_id}/state")
async def change_state(thread_id: UUID, body: StateUpdate, principal: Viewer, session: Session) -> Response:
    """To move a thread to its end is to reject what waits for review; anything else changes the state, and the thread
    goes on from there."""
    at = body.checkpoint_id or _id(body.checkpoint)
    if body.as_node == thread_changes.END and body.values is None:
        principal.require(Role.REVIEWER, Scope.REVIEWS_DECIDE)
        saved = await thread_changes.reject(session, principal, thread_id)
    else:
        principal.require(Role.EDITOR, Scope.WORKFLOWS_WRITE)
        wanted = Change(values=body.values, as_node=body.as_node, checkpoint_id=at)
        saved = await thread_changes.change(session, principal, thread_id, wanted)
    reference = {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": saved}
    return answer({"checkpoint": reference, "configurable": reference, "checkpoint_id": saved})


@router.post("/{thread_id}/history")
async def read_history(thread_id: UUID, body: HistorySearch, _: Viewer, session: Session) -> Response:
    """Newest first; empty a day after the thread's end, when its checkpoints go."""
    before = _id(body.before) if isinstance(body.before, CheckpointRef) else body.before
    thread = await thread_views.find(connection_of(session), thread_id)
    states = await thread_states.history(
        session,
        thread,
        limit=body.limit,
        before=before,
        checkpoint_id=_id(body.checkpoint),
        metadata=body.metadata,
    )
    return answer([picked(state, body.select) for state in states])


@router.get("/{thread_id}/history")
async def list_history(
    thread_id: UUID,
    principal: Viewer,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    before: UUID | None = None,
) -> Response:
    return await read_history(thread_id, HistorySearch(limit=limit, before=before), principal, session)


def _id(reference: CheckpointRef | None) -> UUID | None:
    return reference.checkpoint_id if reference is not None else None
