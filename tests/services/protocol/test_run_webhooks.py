"""Telling the end of a run: as often as it takes, and not again."""

from typing import Any
from uuid import UUID

import pytest

from agents.base import Source
from core.settings import Settings
from models import MultitaskStrategy
from platforms.registry import PlatformName
from services import briefs
from services.protocol import run_starts, run_turns, run_webhooks
from services.protocol.run_starts import Start, Wanted
from services.protocol.runs import Run
from tests.plugins.receiver import Receiver
from tests.plugins.scene import Scene

QUEUED = "SELECT args FROM procrastinate_jobs WHERE task_name = 'tell_of_run' ORDER BY id"
SECRET = "s3cret"


@pytest.fixture
def settings(settings: Settings, receiver: Receiver) -> Settings:
    return settings.model_copy(update={"allow_private": [receiver.peer]})


async def test_it_is_told_until_it_is_taken_and_not_again(
    scene: Scene, receiver: Receiver, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    (thread_id,) = await scene.start("x")
    second = await _ask(scene, thread_id, {"webhook": receiver.url(f"/hook?key={SECRET}")})
    await _ask(scene, thread_id, {})
    assert await scene.rows(QUEUED) == []
    await scene.advance()
    await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    (job,) = await scene.rows(QUEUED)
    assert job["args"] == {"workspace_id": str(scene.principal.workspace_id), "run_id": str(second.id)}

    receiver.answer(503)
    receiver.answer(302, location=receiver.url("/elsewhere"))
    for _ in range(2):
        with pytest.raises(run_webhooks.NotTaken) as refused:
            await _tell(scene, second)
        assert SECRET not in str(refused.value)
    for _ in range(2):  # the queue does it at least once
        await _tell(scene, second)
    first, *_, last = [each.message for each in receiver.told]
    assert [each.path for each in receiver.told] == ["/hook"] * 3
    assert (last["status"], last["error"]["error"]) == ("error", "ThreadHasBrief")
    assert {**first, "webhook_sent_at": ""} == {**last, "webhook_sent_at": ""}
    assert SECRET not in caplog.text + "".join(capsys.readouterr())


async def test_an_address_that_has_moved_inside_is_told_nothing(scene: Scene, receiver: Receiver) -> None:
    (thread_id,) = await scene.start("x")
    run = await _ask(scene, thread_id, {"webhook": receiver.url()})
    await scene.advance()
    await run_turns.take_turn(scene.db, scene.principal.workspace_id, thread_id)
    scene.runtime.settings = scene.settings.model_copy(update={"allow_private": []})
    with pytest.raises(run_webhooks.NotTaken):
        await _tell(scene, run)
    assert receiver.told == []


async def _ask(scene: Scene, thread_id: UUID, request: dict[str, Any]) -> Run:
    """A run that is refused when its turn comes: the thread has its brief."""
    brief = briefs.StartWorkflow(platforms=[PlatformName.X], source=Source(text="Something else."))
    wanted = Wanted(
        thread_id=thread_id,
        platform=PlatformName.X,
        do=Start(brief),
        request=request,
        multitask_strategy=MultitaskStrategy.ENQUEUE,
    )
    async with scene.tenant() as session:
        return await run_starts.create(session, scene.principal, wanted)


async def _tell(scene: Scene, run: Run) -> None:
    await run_webhooks.tell(scene.runtime, scene.principal.workspace_id, run.id)
