"""What LangGraph's protocol does to a thread itself: made before its first run, named anew, deleted."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core import sql
from core.db import acting_as_service
from core.errors import Conflict, FieldError, Invalid
from core.principal import Principal
from core.sql import Row, Statement, connection_of
from services import workflows
from services.delivery import jobs
from services.protocol import thread_views
from services.protocol.assistants import graph_of
from services.protocol.thread_views import ThreadView

_CREATE: Final = Statement.of("""
INSERT INTO threads (id, workspace_id, graph_id, metadata)
VALUES (:id, :workspace_id, :graph_id, CAST(:metadata AS jsonb)) ON CONFLICT (id) DO NOTHING
RETURNING status, created_at, updated_at
""")
_NAME: Final = Statement.of("""
UPDATE threads SET metadata = metadata || CAST(:metadata AS jsonb), graph_id = coalesce(:graph_id, graph_id)
WHERE id = :id
""")
# What a person said is out is still to be written down by the worker that the thread is due for.
_IN_DOUBT: Final = text(f"""
SELECT EXISTS (
    SELECT FROM publishing_jobs j JOIN platform_states p ON p.id = j.thread_id
    WHERE p.id = :id AND (j.status <> 'published' OR p.due_at IS NOT NULL) AND {jobs.AT_PLATFORM}
)
""")
# A worker that had it writes nothing any more, and none takes it up again: without a checkpoint it would begin anew.
_DELETE: Final = text("""
WITH state AS (
    UPDATE platform_states SET due_at = NULL, lease_until = NULL, held_by = NULL, epoch = epoch + 1 WHERE id = :id
), checkpoint AS (
    DELETE FROM checkpoints WHERE thread_id = CAST(:id AS text)
), blob AS (
    DELETE FROM checkpoint_blobs WHERE thread_id = CAST(:id AS text)
), write AS (
    DELETE FROM checkpoint_writes WHERE thread_id = CAST(:id AS text)
)
UPDATE threads SET deleted_at = now(), status = 'idle' WHERE id = :id
""")


async def create(
    session: AsyncSession,
    principal: Principal,
    thread_id: UUID | None,
    metadata: Mapping[str, JsonValue],
    *,
    if_exists: str,
) -> tuple[ThreadView, bool]:
    """A thread without a run, and whether it was made now. `if_exists` do_nothing: the one that is there. Raises Conflict
    and Invalid."""
    graph_id, own = _take(metadata)
    new_id = thread_id or uuid7()
    row = {
        "id": new_id,
        "workspace_id": principal.workspace_id,
        "graph_id": graph_id,
        "metadata": orjson.dumps(own).decode(),
    }
    connection = connection_of(session)
    if (made := await sql.row(connection, _CREATE, row)) is not None:
        return _made(new_id, graph_id, own, made), True
    found = await thread_views.look(connection, new_id)
    if found is None or if_exists == "raise":
        raise Conflict(
            "There is a thread with this id already.", remedy="Take another id, or none: one is made."
        )
    return found, False


def _made(thread_id: UUID, graph_id: str | None, own: dict[str, Any], row: Row) -> ThreadView:
    created_at, updated_at = row["created_at"], row["updated_at"]
    return ThreadView(thread_id, graph_id, None, row["status"], own, None, created_at, updated_at, created_at)


async def name(session: AsyncSession, thread_id: UUID, metadata: Mapping[str, JsonValue]) -> ThreadView:
    """Put this over its metadata. Raises NotFound, Invalid, or Conflict for another graph than the one it ran on."""
    connection = connection_of(session)
    thread = await thread_views.find(connection, thread_id)
    graph_id, own = _take(metadata, thread)
    if thread.workflow_id and graph_id not in {None, thread.graph_id}:
        raise Conflict(f"The thread has run on {thread.graph_id} and stays with it.")
    given = {"id": thread_id, "graph_id": graph_id, "metadata": orjson.dumps(own).decode()}
    await sql.rows(connection, _NAME, given)
    return await thread_views.find(connection, thread_id)


async def delete(session: AsyncSession, thread_id: UUID) -> None:
    """What is unpublished never goes out; drafts and the ledger stay. Raises NotFound, or Conflict while a post may be
    on its way."""
    await thread_views.find(connection_of(session), thread_id)
    await workflows.cancel_thread(session, thread_id)
    if (await session.execute(_IN_DOUBT, {"id": thread_id})).scalar():
        raise Conflict(
            "A post of this thread is being published, or may be out.",
            remedy="Delete the thread when its job has ended: GET /v1/publishing-jobs.",
        )
    async with acting_as_service(session):
        await session.execute(_DELETE, {"id": thread_id})


def _take(
    metadata: Mapping[str, JsonValue], thread: ThreadView | None = None
) -> tuple[str | None, dict[str, Any]]:
    """The graph that it names, and what is the caller's own."""
    graphs = set()
    for key in ("graph_id", "assistant_id"):
        if metadata.get(key) is not None:
            graphs.add(graph_of(str(metadata[key])))
    if None in graphs or len(graphs) > 1:
        detail = "graph_id and assistant_id name one of the assistants."
        raise Invalid(detail, errors=[FieldError("/metadata/graph_id", detail)])
    workflow_id = str(thread.workflow_id) if thread and thread.workflow_id else None
    if metadata.get("workflow_id") not in (None, workflow_id):
        detail = "The workflow is the one that the thread's first run starts."
        raise Invalid(detail, errors=[FieldError("/metadata/workflow_id", detail)])
    own = {key: value for key, value in metadata.items() if key not in thread_views.RESERVED}
    return next(iter(graphs), None), own
