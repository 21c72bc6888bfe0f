"""What the queue was given is done, although the database did not take it the first time."""

import asyncio

from platforms.registry import PlatformName
from services.protocol import run_starts
from services.protocol.run_starts import Resume, Wanted
from services.queue import QUEUE
from tests.patience import PATIENCE_SECONDS
from tests.plugins.scene import Scene
from tests.worker.faults import full
from worker import queue
from worker.tries import tries


async def test_a_run_that_waited_gets_its_turn_again(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    reject = Wanted(
        thread_id=thread_id,
        platform=PlatformName.X,
        do=Resume({"decision": "reject"}),
        after_seconds=0.001,
    )
    async with scene.tenant() as session:
        await run_starts.create(session, scene.principal, reject)
    async with full(scene, "processing_logs"):
        await work(scene)
        (turn,) = await scene.rows("SELECT status FROM procrastinate_jobs WHERE task_name = 'take_turn'")
        assert turn["status"] == "todo"
    await scene.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'take_turn'")
    await work(scene)
    await scene.advance()
    assert (await scene.row("SELECT status FROM runs"))["status"] == "success"
    assert (await scene.state(thread_id))["status"] == "rejected"


async def test_what_a_worker_that_ends_cuts_off_is_done_again_after_its_last_try_too(scene: Scene) -> None:
    begun = asyncio.Event()
    async with queue.build(scene.runtime).open_async() as app:

        @app.task(name="stay", queue="slow", retry=tries(2))
        async def stay() -> None:
            begun.set()
            await asyncio.sleep(PATIENCE_SECONDS)

        await stay.defer_async()
        await scene.execute("UPDATE procrastinate_jobs SET attempts = 1 WHERE task_name = 'stay'")
        working = asyncio.create_task(
            app.run_worker_async(
                queues=["slow"], install_signal_handlers=False, shutdown_graceful_timeout=0.01
            )
        )
        await begun.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    (job,) = await scene.rows("SELECT status FROM procrastinate_jobs WHERE task_name = 'stay'")
    assert job["status"] == "todo"


async def test_what_dead_workers_left_is_given_back_though_two_left_the_same_routine(scene: Scene) -> None:
    routine = "('routines', 'retry_stuck', 'retry_stuck', 'doing', '{\"timestamp\": 0}')"
    turn = "('default', 'take_turn', NULL, 'doing', '{}')"
    await scene.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status, args) "
        f"VALUES {routine}, {routine}, {turn}"
    )
    async with queue.build(scene.runtime).open_async() as app:
        await app.tasks["retry_stalled"].func(timestamp=0)
    left = await scene.rows("SELECT task_name, status FROM procrastinate_jobs ORDER BY task_name")
    assert [tuple(job.values()) for job in left] == [("retry_stuck", "todo"), ("take_turn", "todo")]


async def work(scene: Scene) -> None:
    """All that is due."""
    async with queue.build(scene.runtime).open_async() as app:
        await app.run_worker_async(queues=[QUEUE], wait=False, install_signal_handlers=False)
