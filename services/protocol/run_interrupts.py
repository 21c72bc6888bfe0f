"""A run that takes the place of the one under way: the multitask strategy `interrupt`.

What was committed stays; the worker that has the thread has lost its claim, and writes nothing any more.
"""

from typing import Final
from uuid import UUID

from core import sql
from core.sql import Connection, Statement
from services.delivery import jobs
from services.protocol import run_threads
from services.protocol.run_threads import Thread, ThreadBusy


async def stop(connection: Connection, thread_id: UUID, thread: Thread) -> Thread:
    """The thread at rest; its caller has the lock, and puts something else into effect. Raises ThreadBusy while a post may
    be on its way."""
    if not thread.busy:
        return thread
    if await sql.row(connection, _STOP, {"id": thread_id, "head": thread.head}) is None:
        raise ThreadBusy(
            "A post of this thread is being published, or may be out: that is not interrupted.",
            remedy="Wait for its outcome.",
        )
    return await run_threads.lock(connection, thread_id)


# Due later, as a thread is that nobody is at work on: whoever called says when.
_STOP: Final = Statement.of(f"""
WITH stopped AS (
    UPDATE platform_states p SET epoch = p.epoch + 1, lease_until = NULL, held_by = NULL, run_id = NULL,
        due_at = now() + interval '1 minute'
    FROM (SELECT id, run_id FROM platform_states WHERE id = :id) before
    WHERE p.id = before.id AND NOT EXISTS (
        SELECT FROM publishing_jobs j WHERE j.thread_id = p.id AND {jobs.AT_PLATFORM}
    )
    RETURNING p.id, p.workspace_id, p.workflow_id, before.run_id
), ended AS (
    UPDATE runs r SET status = 'interrupted', last_checkpoint = :head FROM stopped s WHERE r.id = s.run_id
)
SELECT s.id, pg_notify('proofroom_events', s.workspace_id || ' ' || told || ' ' || pg_current_xact_id())
FROM stopped s CROSS JOIN LATERAL unnest(array_remove(ARRAY[s.workflow_id, s.run_id], NULL)) AS told
""")
