"""The queue's tasks for the library: what is in files, what becomes of what is stored, what edits teach."""

from typing import Final
from uuid import UUID

import procrastinate
from procrastinate import RetryStrategy

from core import storage
from services.library import extracting, extractions, files, uploads
from services.queue import QUEUE, SLOW
from services.runtime import Runtime
from services.style import style_learning

DELETE_TRIES: Final = 8
"""An hour and a half; what is left then is an orphan, which a routine finds."""


def add_tasks(app: procrastinate.App, runtime: Runtime) -> None:
    tries = RetryStrategy(max_attempts=extracting.TRIES, exponential_wait=3)

    @app.task(name=extractions.TASK, queue=SLOW, retry=tries)
    async def extract(*, workspace_id: str, file_id: str) -> None:
        await extracting.extract(runtime, UUID(workspace_id), UUID(file_id))

    store = storage.of(runtime.settings)
    patient = RetryStrategy(max_attempts=DELETE_TRIES, exponential_wait=3)

    @app.task(name=files.OBJECT_TASK, queue=QUEUE, retry=patient)
    async def delete_object(*, path: str) -> None:
        await store.delete(path)

    @app.task(name=uploads.STAGING_TASK, queue=QUEUE, retry=patient)
    async def delete_staging(*, upload_id: str) -> None:
        await uploads.remove_staging(store, UUID(upload_id))

    @app.task(name=style_learning.TASK, queue=QUEUE, retry=RetryStrategy(max_attempts=3, exponential_wait=3))
    async def learn_style(*, workspace_id: str, review_id: str) -> None:
        await style_learning.learn(runtime, UUID(workspace_id), UUID(review_id))
