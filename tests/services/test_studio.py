"""A running service's thread in Studio: seen as it is, changed only as a copy."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.base import id as checkpoint_ids
from langgraph.checkpoint.base.id import uuid6

from agents.base import NullMeter
from core.errors import NotFound
from graphs.context import ServiceContext
from graphs.loop import build
from graphs.run import Fresh, Pause, Resume, Start, Step, advance, bind, look
from services.checkpoints import PostgresSaver
from services.checkpoints.studio import StudioSaver, graph_of

if TYPE_CHECKING:
    from tests.plugins.scene import Scene

GRAPH = build("x")


def config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}}


async def history(saver: BaseCheckpointSaver[str], thread_id: str) -> list[str]:
    return [found.checkpoint["id"] async for found in saver.alist(config(thread_id))]


async def test_a_thread_is_seen_as_the_service_has_it_and_changed_only_as_a_copy(scene: "Scene") -> None:
    thread_id = str((await scene.start())[0])
    service = PostgresSaver(scene.db.service)
    studio = StudioSaver(service)
    assert await look(GRAPH, studio, thread_id) == Fresh()

    await scene.advance()
    review = await look(GRAPH, studio, thread_id)
    assert isinstance(review, Pause)
    kept = await history(service, thread_id)
    assert await history(studio, thread_id) == kept

    context = ServiceContext(writer=scene.words, critic=scene.words, meter=NullMeter())
    accept = Resume(review.interrupt_id, {"decision": "accept"})
    reached = [r async for r in advance(GRAPH, studio, thread_id, accept, context)][-1]
    assert isinstance(reached, Pause)
    assert reached.kind == "publish"
    assert await look(GRAPH, studio, thread_id) == reached
    assert (await history(studio, thread_id))[1:] == kept
    assert await look(GRAPH, service, thread_id) == review
    assert await history(service, thread_id) == kept


async def test_a_copy_goes_on_after_what_a_worker_with_another_clock_has_written(
    scene: "Scene", monkeypatch: pytest.MonkeyPatch
) -> None:
    thread_id = str((await scene.start())[0])
    in_an_hour = (uuid6().time or 0) + 3600 * 10_000_000
    monkeypatch.setitem(vars(checkpoint_ids), "_last_v6_timestamp", in_an_hour)
    await scene.advance()
    monkeypatch.setitem(vars(checkpoint_ids), "_last_v6_timestamp", None)  # another process

    studio = StudioSaver(PostgresSaver(scene.db.service))
    review = await look(GRAPH, studio, thread_id)
    assert isinstance(review, Pause)
    context = ServiceContext(writer=scene.words, critic=scene.words, meter=NullMeter())
    accept = Resume(review.interrupt_id, {"decision": "accept"})
    reached = [r async for r in advance(GRAPH, studio, thread_id, accept, context)][-1]
    assert await look(GRAPH, studio, thread_id) == reached


async def test_a_copy_can_be_forked_from_any_of_its_checkpoints(scene: "Scene") -> None:
    thread_id = str((await scene.start())[0])
    await scene.advance()
    studio = StudioSaver(PostgresSaver(scene.db.service))
    bound = bind(GRAPH, studio)
    snapshots = [snapshot async for snapshot in bound.aget_state_history(config(thread_id))]
    before_scoring = next(snapshot for snapshot in snapshots if snapshot.next == ("evaluate",))
    context = ServiceContext(writer=scene.words, critic=scene.words, meter=NullMeter())
    await bound.ainvoke(None, before_scoring.config, context=context)
    found = await look(GRAPH, studio, thread_id)
    assert isinstance(found, Pause)
    assert len(found.state["drafts"]) == 1
    assert len(await history(studio, thread_id)) > len(snapshots)


async def test_studios_own_threads_stay_with_it(scene: "Scene") -> None:
    thread_id = str(uuid4())
    service = PostgresSaver(scene.db.service)
    studio = StudioSaver(service)
    context = ServiceContext(writer=scene.words, critic=scene.words, meter=NullMeter())
    start = Start({"source": {"text": "Mine alone."}})
    reached = [r async for r in advance(GRAPH, studio, thread_id, start, context)][-1]
    assert not isinstance(reached, Step)
    assert await look(GRAPH, studio, thread_id) == reached
    assert await look(GRAPH, service, thread_id) == Fresh()


async def test_a_threads_graph(scene: "Scene") -> None:
    (thread_id,) = await scene.start("linkedin")
    assert await graph_of(scene.db, thread_id) == "linkedin"
    with pytest.raises(NotFound):
        await graph_of(scene.db, UUID(int=0))
