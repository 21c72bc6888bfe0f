"""The claim loop: what becomes of claims when the process is told to end, or the database is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.patience import PATIENCE_SECONDS
from tests.plugins.scene import Scene
from tests.worker.faults import full
from worker.loop import Loop


@asynccontextmanager
async def working(scene: Scene, drain_seconds: float = 10) -> AsyncIterator[Loop]:
    scene.runtime.settings = scene.settings.model_copy(update={"poll_seconds": 0.1})  # nobody notifies it
    loop = Loop(scene.runtime, drain_seconds=drain_seconds)
    async with asyncio.timeout(PATIENCE_SECONDS):
        running = asyncio.create_task(loop.run())
        yield loop
        loop.drain()
        await running


async def test_a_step_that_takes_too_long_is_given_back_at_once(scene: Scene) -> None:
    scene.words.write_seconds = 60
    (thread_id,) = await scene.start("x")
    async with working(scene, drain_seconds=0.2):
        while (await scene.state(thread_id))["held_by"] is None:
            await asyncio.sleep(0.02)
    state = await scene.state(thread_id)
    assert (state["lease_until"], state["held_by"], state["lost_leases"]) == (None, None, 0)
    assert len(await scene.claim()) == 1, "due at once"


async def test_work_waits_for_a_database_that_is_full(scene: Scene) -> None:
    async with working(scene):
        async with full(scene, "drafts"):
            (thread_id,) = await scene.start("x")
            while not scene.words.written:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
            assert (await scene.state(thread_id))["held_by"] is not None
        while (await scene.state(thread_id))["status"] != "awaiting_review":
            await asyncio.sleep(0.02)
    state = await scene.state(thread_id)
    assert (scene.words.written, state["attempts"], state["error"]) == (1, 0, None)


async def test_a_paid_call_that_could_not_be_recorded_is_kept_with_what_it_brought(scene: Scene) -> None:
    scene.words.model = "gpt-5-mini"
    async with working(scene):
        async with full(scene, "token_usage"):
            (thread_id,) = await scene.start("x")
            while not scene.words.written:
                await asyncio.sleep(0.02)
        while (await scene.state(thread_id))["status"] != "awaiting_review":
            await asyncio.sleep(0.02)
    usage = await scene.rows("SELECT service, draft_id FROM token_usage ORDER BY service")
    (draft,) = await scene.rows("SELECT id FROM drafts")
    assert usage == [{"service": name, "draft_id": draft["id"]} for name in ("critic", "writer")]
    assert scene.words.written == 1


async def test_a_thread_that_the_database_is_away_for_has_not_lost_its_worker(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    async with working(scene):
        async with full(scene, "rate_limits"):
            await scene.accept(thread_id)
            while (await scene.state(thread_id))["epoch"] < 3:
                await asyncio.sleep(0.02)
        while (await scene.state(thread_id))["status"] != "published":
            assert (await scene.state(thread_id))["lost_leases"] == 0
            await asyncio.sleep(0.02)
