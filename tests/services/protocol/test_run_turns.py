"""A run that waits is a row: its turn comes when it may, and finds the thread as it is then."""

import asyncio
from typing import Any
from uuid import UUID

from agents.base import Source
from core.sql import connection_of
from graphs.interrupts import Decision
from models import MultitaskStrategy
from platforms.registry import PlatformName
from services import briefs
from services.protocol import run_starts, run_turns, runs
from services.protocol.run_starts import Resume, Start, Wanted
from services.protocol.runs import Run
from tests.plugins.scene import Scene


async def test_a_late_decision_is_for_what_waited_when_it_was_sent(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    late = await _ask(scene, thread_id, Resume({"decision": "accept"}), after_seconds=0.01)
    assert (late.status, late.begun_at) == ("pending", None)
    await scene.decide(thread_id, Decision(decision="regenerate", feedback="Shorter."))
    await scene.advance()
    await asyncio.sleep(0.01)
    await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    refused = await _read(scene, late)
    assert (refused.status, refused.failure["error"]) == ("error", "ReviewAlreadyDecided")
    assert (await scene.state(thread_id))["status"] == "awaiting_review"

    taken = await _ask(scene, thread_id, Resume({"decision": "reject"}), after_seconds=0.01)
    await asyncio.sleep(0.01)
    for _ in range(2):  # the queue does it at least once
        await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    await scene.advance()
    assert (await _read(scene, taken)).status == "success"
    assert (await scene.state(thread_id))["status"] == "rejected"


async def test_nobody_decides_late_who_has_left(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    late = await _ask(scene, thread_id, Resume({"decision": "accept"}), after_seconds=0.01)
    await scene.execute("DELETE FROM workspace_members WHERE user_id = :id", id=scene.principal.user_id)
    await asyncio.sleep(0.01)
    await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    assert (await _read(scene, late)).failure["error"] == "Forbidden"
    assert (await scene.review(thread_id))["status"] == "pending"


async def test_a_run_in_line_behind_a_thread_of_v1_gets_its_turn(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    brief = briefs.StartWorkflow(platforms=[PlatformName.X], source=Source(text="Something else."))
    waiting = await _ask(scene, thread_id, Start(brief))
    await scene.advance()
    assert (await _read(scene, waiting)).status == "pending"
    queued = await scene.rows("SELECT args FROM procrastinate_jobs WHERE task_name = 'take_turn'")
    assert [job["args"]["thread_id"] for job in queued] == [str(thread_id)]
    await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    assert (await _read(scene, waiting)).failure["error"] == "ThreadHasBrief"
    assert (await scene.state(thread_id))["run_id"] is None


async def _ask(scene: Scene, thread_id: UUID, do: Start | Resume, **more: Any) -> Run:
    wanted = Wanted(
        thread_id=thread_id,
        platform=PlatformName.X,
        do=do,
        request={},
        metadata={},
        multitask_strategy=MultitaskStrategy.ENQUEUE,
        **more,
    )
    async with scene.tenant() as session:
        return await run_starts.create(session, scene.principal, wanted)


async def _read(scene: Scene, run: Run) -> Run:
    async with scene.tenant() as session:
        return await runs.find(connection_of(session), run.thread_id, run.id)
