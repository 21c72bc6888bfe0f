"""The queue's tasks for the library: what is in files, what becomes of what is stored, what edits teach."""

from uuid import UUID

import procrastinate

from core import storage
from services.library import extracting, extractions, files, uploads
from services.queue import QUEUE, SLOW
from services.runtime import Runtime
from services.style import style_learning
from worker.tries import HOUR, MINUTES, tries


def add_tasks(app: procrastinate.App, runtime: Runtime) -> None:
    @app.task(name=extractions.TASK, queue=SLOW, retry=tries(extracting.TRIES))
    async def extract(*, workspace_id: str, file_id: str) -> None:
        await extracting.extract(runtime, UUID(workspace_id), UUID(file_id))

    store = storage.of(runtime.settings)

    # What is left after the last try is an orphan, which a routine finds.
    @app.task(name=files.OBJECT_TASK, queue=QUEUE, retry=tries(HOUR))
    async def delete_object(*, path: str) -> None:
        await store.delete(path)

    @app.task(name=uploads.STAGING_TASK, queue=QUEUE, retry=tries(HOUR))
    async def delete_staging(*, upload_id: str) -> None:
        await uploads.remove_staging(store, UUID(upload_id))

    @app.task(name=style_learning.TASK, queue=QUEUE, retry=tries(MINUTES))
    async def learn_style(*, workspace_id: str, review_id: str) -> None:
        await style_learning.learn(runtime, UUID(workspace_id), UUID(review_id))
