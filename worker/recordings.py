"""The queue's tasks for what is quotable in recordings."""

from typing import Final
from uuid import UUID

import procrastinate
from procrastinate import JobContext, RetryStrategy

from services.media import clips
from services.queue import SLOW
from services.runtime import Runtime

TRIES: Final = 5
"""In two minutes: somebody is waiting, and may ask again."""


def add_tasks(app: procrastinate.App, runtime: Runtime) -> None:
    tries = RetryStrategy(max_attempts=TRIES, exponential_wait=3)

    @app.task(name=clips.FIND_TASK, queue=SLOW, retry=tries, pass_context=True)
    async def find_clips(context: JobContext, *, workspace_id: str, file_id: str) -> None:
        await clips.look(runtime, UUID(workspace_id), UUID(file_id), last=_last(context))

    @app.task(name=clips.CUT_TASK, queue=SLOW, retry=tries, pass_context=True)
    async def cut_clip(context: JobContext, *, workspace_id: str, clip_id: str) -> None:
        await clips.cut(runtime, UUID(workspace_id), UUID(clip_id), last=_last(context))


def _last(context: JobContext) -> bool:
    return context.job.attempts + 1 >= TRIES
