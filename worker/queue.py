"""procrastinate's side of the worker: everything that is at-least-once, and the periodic routines."""

import asyncio
from functools import partial
from typing import Any, Final
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate import JobContext
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

from core.db import SERVICE, libpq_url
from services.delivery import posts
from services.operations import routines
from services.protocol import run_starts, run_turns, run_webhooks
from services.queue import QUEUE, SLOW
from services.runtime import Runtime
from worker import library, recordings
from worker.tries import HOUR, is_last, tries

log = structlog.get_logger(__name__)

CONCURRENCY: Final = 4
SLOW_CONCURRENCY: Final = 2
FINISH_SECONDS: Final = 2.0
"""For slow work when the process is told to end; then it is given back."""
POLL_SECONDS: Final = 5.0
ROUTINES: Final = "routines"
_AWAY_SECONDS: Final = 2.0


def build(runtime: Runtime) -> procrastinate.App:
    """The app with its tasks bound to this process's runtime."""
    options = {"options": f"-crole={SERVICE} -csearch_path=procrastinate,public,langgraph"}
    connector = procrastinate.PsycopgConnector(
        conninfo=psycopg.conninfo.make_conninfo(libpq_url(runtime.settings), **options),
        min_size=1,
        max_size=4,
    )
    app = procrastinate.App(connector=connector)

    @app.task(name=posts.UNPUBLISH_TASK, queue=QUEUE, retry=tries(HOUR), pass_context=True)
    async def unpublish(context: JobContext, *, workspace_id: str, post_id: str) -> None:
        try:
            await posts.take_down(runtime, UUID(workspace_id), UUID(post_id))
        except Exception:
            if is_last(context, HOUR):
                await posts.give_up_takedown(runtime, UUID(workspace_id), UUID(post_id))
            raise

    @app.task(name=run_starts.TURN_TASK, queue=QUEUE, retry=tries(HOUR))
    async def take_turn(*, workspace_id: str, thread_id: str) -> None:
        await run_turns.take_turn(runtime.db, UUID(workspace_id), UUID(thread_id))

    @app.task(name=run_webhooks.TASK, queue=QUEUE, retry=tries(HOUR))
    async def tell_of_run(*, workspace_id: str, run_id: str) -> None:
        await run_webhooks.tell(runtime, UUID(workspace_id), UUID(run_id))

    library.add_tasks(app, runtime)
    recordings.add_tasks(app, runtime)

    @app.periodic(cron="*/2 * * * *")
    @app.task(name="retry_stalled", queue=ROUTINES, queueing_lock="retry_stalled")
    async def retry_stalled(timestamp: int) -> None:
        # A dead worker's jobs stay `doing` until somebody gives them back.
        for job in await app.job_manager.get_stalled_jobs():
            try:
                await app.job_manager.retry_job(job)
            except UniqueViolation:  # the same routine waits already
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)

    for name, (cron, routine) in routines.ROUTINES.items():
        _periodic(app, name, cron, partial(routine, runtime.db, runtime.settings))
    return app


def _periodic(app: procrastinate.App, name: str, cron: str, routine: routines.Bound) -> None:
    @app.periodic(cron=cron)
    @app.task(name=name, queue=ROUTINES, queueing_lock=name)
    async def run_routine(timestamp: int) -> None:
        changed = await routine()
        log.info("routine.done", routine=name, changed=changed)


async def _work(app: procrastinate.App) -> None:
    """Until one of the two ends, which only happens when the database goes away."""
    options: dict[str, Any] = {
        "fetch_job_polling_interval": POLL_SECONDS,
        "install_signal_handlers": False,
        "delete_jobs": "successful",
    }
    slow: dict[str, Any] = {
        "queues": [SLOW],
        "concurrency": SLOW_CONCURRENCY,
        "shutdown_graceful_timeout": FINISH_SECONDS,
    }
    quick: dict[str, Any] = {"queues": [QUEUE, ROUTINES], "concurrency": CONCURRENCY}
    workers = [asyncio.create_task(app.run_worker_async(**options, **kind)) for kind in (quick, slow)]
    try:
        done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def run(runtime: Runtime) -> None:
    """Work the queue until cancelled; the database may go away and come back."""
    while True:
        app = build(runtime)
        try:
            async with app.open_async():
                await _work(app)
        except (ConnectorException, psycopg.OperationalError) as error:
            log.warning("queue.database_away", reason=str(error).splitlines()[0] if str(error) else "closed")
        await asyncio.sleep(_AWAY_SECONDS)
