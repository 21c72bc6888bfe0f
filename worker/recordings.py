"""The queue's tasks for what is quotable in recordings."""

from uuid import UUID

import procrastinate
from procrastinate import JobContext

from services.media import clips
from services.queue import SLOW
from services.runtime import Runtime
from worker.tries import MINUTES, is_last, tries


def add_tasks(app: procrastinate.App, runtime: Runtime) -> None:
    @app.task(name=clips.FIND_TASK, queue=SLOW, retry=tries(MINUTES), pass_context=True)
    async def find_clips(context: JobContext, *, workspace_id: str, file_id: str) -> None:
        await clips.look(runtime, UUID(workspace_id), UUID(file_id), last=is_last(context, MINUTES))

    @app.task(name=clips.CUT_TASK, queue=SLOW, retry=tries(MINUTES), pass_context=True)
    async def cut_clip(context: JobContext, *, workspace_id: str, clip_id: str) -> None:
        await clips.cut(runtime, UUID(workspace_id), UUID(clip_id), last=is_last(context, MINUTES))
