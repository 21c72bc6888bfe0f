"""What a service relies on when it advances a thread."""

from typing import TYPE_CHECKING

import pytest
from langgraph._internal._constants import CONFIG_KEY_SCRATCHPAD, CONFIG_KEY_STRICT_RESUME
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import UnknownInterruptError

from graphs.interrupts import SCRATCHPAD
from graphs.run import STRICT_RESUME, Pause, Resume, Start, Step, advance, bind, look

if TYPE_CHECKING:
    from tests.graphs.conftest import Thread


async def test_each_step_brings_what_is_new(thread: "Thread") -> None:
    thread.critic.scores = iter([50, 90])
    pause = await thread.start()
    assert [(s.node, len(s.drafts), len(s.evaluations)) for s in thread.steps] == [
        ("generate", 1, 0),
        ("evaluate", 0, 1),
        ("generate", 1, 0),
        ("evaluate", 0, 1),
    ]
    assert [d["id"] for s in thread.steps for d in s.drafts] == [d["id"] for d in pause.state["drafts"]]


async def test_when_a_step_is_reported_its_checkpoint_is_with_the_saver(thread: "Thread") -> None:
    async def saved() -> int:
        found = await bind(thread.graph, thread.saver).aget_state({"configurable": {"thread_id": thread.id}})
        return len(found.values["drafts"])

    start = Start({"source": {"text": "News."}})
    async for reached in advance(thread.graph, thread.saver, thread.id, start, thread.context):
        if isinstance(reached, Step):
            assert await saved() == len(reached.state["drafts"])


async def test_look_finds_what_advance_reported(thread: "Thread") -> None:
    assert await thread.start() == await look(thread.graph, thread.saver, thread.id)
    assert await thread.answer({"decision": "accept"}) == await look(thread.graph, thread.saver, thread.id)
    assert await thread.answer({"outcome": "cancelled"}) == await look(thread.graph, thread.saver, thread.id)


async def test_an_answer_to_a_pause_that_is_over_is_refused(thread: "Thread") -> None:
    review = await thread.start()
    publish = await thread.answer({"decision": "accept"})
    assert isinstance(review, Pause)
    with pytest.raises(UnknownInterruptError):
        await thread.go(Resume(review.interrupt_id, {"decision": "reject"}))
    assert await look(thread.graph, thread.saver, thread.id) == publish


def test_the_private_keys_are_those_that_langgraph_reads() -> None:
    assert (STRICT_RESUME, SCRATCHPAD) == (CONFIG_KEY_STRICT_RESUME, CONFIG_KEY_SCRATCHPAD)


async def test_a_pause_says_what_an_answer_looks_like(thread: "Thread") -> None:
    await thread.start()
    await thread.answer({"decision": "accept"})
    paused = await bind(thread.graph, thread.saver).aget_state({"configurable": {"thread_id": thread.id}})
    schema = paused.interrupts[0].response_schema
    assert schema == {"title": "Receipt", "type": "object", "required": ["outcome"]}


def test_binding_leaves_the_compiled_graph_alone(thread: "Thread") -> None:
    saver = InMemorySaver()
    assert bind(thread.graph, saver).checkpointer is saver
    assert thread.graph.checkpointer is None
