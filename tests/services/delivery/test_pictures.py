"""A platform that takes no post without a picture, and prepares it before it is public: from a brief to a receipt."""

import asyncio
from uuid import UUID

import pytest

from core.content import Media
from core.errors import Invalid
from graphs.interrupts import Decision
from tests.patience import PATIENCE_SECONDS
from tests.plugins.ledger import fault, long_ago, published
from tests.plugins.scene import Scene

UNDER_WAY = "SELECT count(*) AS n FROM publishing_jobs WHERE status = 'publishing'"


async def illustrated(scene: Scene) -> UUID:
    """A caption that a reviewer has given a picture and approved."""
    (thread_id,) = await scene.start("instagram")
    await scene.advance()
    picture = Media(url=f"{scene.settings.simulator_url}/sample.jpg", alt_text="A light")
    await scene.decide(thread_id, Decision(decision="edit", media=(picture,)))
    return thread_id


async def test_a_missing_picture_costs_no_round_and_waits_for_the_reviewer(scene: Scene) -> None:
    (thread_id,) = await scene.start("instagram")
    await scene.advance()
    assert scene.words.written == 1, "no other words would bring a picture"
    evaluation = await scene.row("SELECT violations FROM evaluations")
    assert [each["code"] for each in evaluation["violations"]] == ["image_missing"]
    with pytest.raises(Invalid, match="no picture") as raised:
        await scene.decide(thread_id, Decision(decision="edit", content="Other words."))
    assert [each.pointer for each in raised.value.errors] == ["/media"]


async def test_a_picture_stays_when_the_words_are_written_anew(scene: Scene) -> None:
    (thread_id,) = await scene.start("instagram")
    await scene.advance()
    picture = Media(url=f"{scene.settings.simulator_url}/sample.jpg", alt_text="A light")
    await scene.decide(thread_id, Decision(decision="edit", media=(picture,), approve=False))
    await scene.advance()
    await scene.decide(thread_id, Decision(decision="regenerate", feedback="Shorter."))
    await scene.advance()
    await scene.accept(thread_id)
    await scene.advance()
    (post,) = await published(scene, "instagram")
    assert post["pictures"] == [picture.model_dump()]


async def test_a_lost_answer_is_looked_up_by_what_was_kept(scene: Scene) -> None:
    thread_id = await illustrated(scene)
    await fault(scene, "lost_answer", "instagram")
    await scene.advance()
    job = await scene.job(thread_id)
    assert job["status"] == "publishing"
    assert job["progress"]["container"]
    await long_ago(scene, thread_id, 10)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert len(await published(scene, "instagram")) == 1


async def test_a_container_that_was_not_published_is_published_and_no_second_is_made(scene: Scene) -> None:
    thread_id = await illustrated(scene)
    await fault(scene, "cut", "instagram")
    await scene.advance()
    kept = (await scene.job(thread_id))["progress"]
    await fault(scene, "server_error", "instagram", step="draft", count=9)
    await long_ago(scene, thread_id, 10)
    await scene.advance()
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["progress"]) == ("published", kept)
    assert len(await published(scene, "instagram")) == 1


async def test_a_worker_that_lost_its_thread_keeps_nothing_and_publishes_nothing(scene: Scene) -> None:
    thread_id = await illustrated(scene)
    await fault(scene, "slow", "instagram", step="draft", seconds=1)
    working = asyncio.create_task(scene.advance())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await scene.row(UNDER_WAY))["n"] == 0:
            await asyncio.sleep(0.02)
    await scene.execute("UPDATE platform_states SET epoch = epoch + 1")
    await working
    assert (await scene.job(thread_id))["progress"] == {}
    assert await published(scene, "instagram") == []
