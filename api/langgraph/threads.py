from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Header
from starlette.responses import Response

from api.deps import Db, Session, Viewer, WorkflowEditor
from api.langgraph.answers import answer, paged
from api.langgraph.schemas import Prune, ThreadCreate, ThreadFilter, ThreadPatch, ThreadSearch, extracted
from api.route import router as new_router
from core.errors import Invalid
from core.sql import Connection, connection_of
from services.protocol import thread_rows, thread_states, thread_views
from services.protocol.thread_views import ThreadView

router = new_router("/threads", "langgraph", documented=False)

_OF_STATE: Final = {"values", "interrupts"}


@router.post("")
async def create_thread(body: ThreadCreate, principal: WorkflowEditor, session: Session) -> Response:
    thread, made = await thread_rows.create(
        session, principal, body.thread_id, body.metadata or {}, if_exists=body.if_exists
    )
    if made:
        return answer(_thread(thread, None))
    return answer((await _shown(connection_of(session), [thread]))[0])


@router.post("/search")
async def search_threads(body: ThreadSearch, principal: Viewer, db: Db) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        found, more = await thread_views.search(
            connection,
            _filters(body),
            body.sort_by,
            body.sort_order == "desc",
            limit=body.limit,
            offset=body.offset,
        )
        shown = await _shown(connection, found, body.select, body.extract or {})
    return paged(shown, body.offset, more)


@router.post("/count")
async def count_threads(body: ThreadFilter, principal: Viewer, db: Db) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return answer(await thread_views.count(connection, _filters(body)))


@router.post("/prune")
async def prune_threads(body: Prune, _: WorkflowEditor) -> Response:
    raise Invalid(
        "Threads are not pruned: checkpoints go a day after a thread's end, the record stays.",
        remedy="Delete a thread by its id.",
    )


@router.get("/{thread_id}")
async def read_thread(thread_id: UUID, principal: Viewer, db: Db) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return answer(_thread(*await thread_states.look(connection, thread_id)))


@router.patch("/{thread_id}")
async def change_thread(
    thread_id: UUID,
    body: ThreadPatch,
    _: WorkflowEditor,
    session: Session,
    prefer: Annotated[str | None, Header()] = None,
) -> Response:
    thread = await thread_rows.name(session, thread_id, body.metadata)
    if prefer == "return=minimal":
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return answer((await _shown(connection_of(session), [thread]))[0])


@router.delete("/{thread_id}")
async def delete_thread(thread_id: UUID, _: WorkflowEditor, session: Session) -> Response:
    """What is unpublished never goes out; drafts and the ledger stay."""
    await thread_rows.delete(session, thread_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/{thread_id}/copy")
async def copy_thread(thread_id: UUID, principal: WorkflowEditor, db: Db) -> Response:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        await thread_views.find(connection, thread_id)
    raise Invalid(
        "Threads are not copied: approvals and receipts belong to the one thread that they were given for.",
        remedy="`proofroom studio --thread` opens a copy that publishes nothing; a new brief is a new thread.",
    )


def _filters(body: ThreadFilter) -> thread_views.Filters:
    return thread_views.Filters(metadata=body.metadata or {}, status=body.status, ids=body.ids)


async def _shown(
    connection: Connection,
    threads: Sequence[ThreadView],
    select: Sequence[str] | None = None,
    extract: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """`select`: these fields alone. States, which are big, are read only where something of them is shown."""
    paths = extract or {}
    stateful = not select or bool(
        _OF_STATE & {*select, *(path.replace("[", ".").split(".")[0] for path in paths.values())}
    )
    states = await thread_states.shown(connection, threads) if stateful else {}
    return [_thread(thread, states.get(thread.thread_id), select, paths) for thread in threads]


def _thread(
    thread: ThreadView,
    state: thread_states.Shown | None,
    select: Sequence[str] | None = None,
    paths: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    whole = {
        "thread_id": thread.thread_id,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "state_updated_at": thread.state_updated_at,
        "metadata": thread.metadata,
        "status": thread.status,
        "config": {},
        "context": {},
        "error": thread.error,
        "values": (state.values or None) if state else None,
        "interrupts": state.interrupts if state else {},
    }
    shown = {name: whole[name] for name in select} if select else whole
    if paths:
        shown["extracted"] = {name: extracted(whole, path) for name, path in paths.items()}
    return shown
