"""The thread that a run is for: found or made, and held until the transaction is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from core import sql
from core.errors import Conflict, NotFound
from core.sql import Connection, Statement
from models import PlatformStatus


class ThreadBusy(Conflict):
    title = "The thread is at work"


@dataclass(frozen=True, slots=True)
class Thread:
    graph_id: str | None
    status: str | None
    """`platform_states`' word; None for one that has never begun."""
    run_id: UUID | None
    due_later: bool
    """Nobody is at work on it, and a worker takes it up by and by."""
    head: str | None

    @property
    def busy(self) -> bool:
        writing = self.status in {PlatformStatus.GENERATING, PlatformStatus.EVALUATING}
        return self.run_id is not None or (writing and not self.due_later)


async def lock(connection: Connection, thread_id: UUID) -> Thread:
    """The thread, and nobody else moves it. Raises NotFound."""
    found = await sql.row(connection, _LOCK, {"id": thread_id})
    if found is None:
        raise NotFound("There is no such thread.")
    return Thread(**found)


async def make(
    connection: Connection, workspace_id: UUID, thread_id: UUID, metadata: Mapping[str, Any]
) -> Thread:
    """After `lock` has not found it. Raises Conflict for an id that is taken, in another workspace or by one that was
    deleted."""
    kept = orjson.dumps(dict(metadata), default=str).decode()
    given = {"id": thread_id, "workspace_id": workspace_id, "metadata": kept}
    if await sql.row(connection, _MAKE, given) is None:
        raise Conflict("This thread's id is taken.", remedy="Choose another, or let the service choose one.")
    return Thread(None, None, None, False, None)


_LOCK: Final = Statement.of("SELECT * FROM lock_thread(:id)")
_MAKE: Final = Statement.of("""
INSERT INTO threads (id, workspace_id, metadata) VALUES (:id, :workspace_id, CAST(:metadata AS jsonb))
ON CONFLICT (id) DO NOTHING RETURNING id
""")
