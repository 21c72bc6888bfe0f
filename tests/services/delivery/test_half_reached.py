"""A slow step's commit meets the next step: what is committed of the graph and of its rows belongs together."""

from contextlib import aclosing

from graphs import run
from graphs.context import ServiceContext
from services import threads
from services.checkpoints import BufferedSaver
from services.commit import Advance
from services.metering import DatabaseMeter
from services.progress import Progress
from tests.plugins.scene import Scene


async def test_a_step_that_has_not_been_added_is_run_again(scene: Scene) -> None:
    """The evaluation's checkpoint is with the saver already when the draft's commit goes out; then the worker dies."""
    (thread_id,) = await scene.start("x")
    (claim,) = await scene.claim()
    saver = BufferedSaver()
    progress = Progress(claim, saver)
    meter = DatabaseMeter(
        scene.db, claim.workspace_id, claim.workflow_id, thread_id, claim.budgeted, lambda *_: None
    )
    context = ServiceContext(writer=scene.words, critic=scene.words, meter=meter)
    given = run.Start(threads._input(claim))
    steps = run.advance(threads.GRAPHS["x"], saver, str(thread_id), given, context)
    async with aclosing(steps):
        drafted = await anext(steps)
        assert isinstance(drafted, run.Step)
        progress.add(drafted, meter)
        evaluated = await anext(steps)
        assert isinstance(evaluated, run.Step)
        assert evaluated.evaluations
        await progress.save(
            scene.db, Advance(status="evaluating", thread_status="busy", hold=True, lease_seconds=0)
        )
    assert await scene.advance() == 1
    assert (await scene.state(thread_id))["status"] == "awaiting_review"
    assert len(await scene.rows("SELECT FROM drafts")) == 1
    assert len(await scene.rows("SELECT FROM evaluations")) == 1
    assert len(await scene.rows("SELECT FROM token_usage WHERE service = 'critic'")) == 1
    assert scene.words.written == 1, "paid work is not done again"
