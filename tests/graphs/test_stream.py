"""Told from checkpoints, a run's stream is the one that LangGraph itself gives while it runs."""

from itertools import pairwise
from typing import Any
from uuid import uuid4

import orjson
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, StateSnapshot

from graphs.loop import Graph, build
from graphs.run import bind
from graphs.stream import Part, Run, Teller

SOURCE = {"text": "The ward cut waiting times by 40 % in March. Nurses now see 120 patients a day."}
MODES: list[Any] = ["values", "updates", "tasks", "checkpoints", "debug"]
ANSWERS: list[Any] = [
    {"source": SOURCE, "options": {"max_rounds": 2, "quality_bar": 100}},
    Command(resume={"decision": "regenerate", "feedback": "shorter"}),
    Command(resume={"decision": "accept"}),
    Command(resume={"outcome": "published", "platform_post_id": "1", "url": "https://x.com/1"}),
]


async def test_it_tells_what_langgraph_tells() -> None:
    graph, thread_id = bind(build("x"), InMemorySaver()), uuid4()
    config: Any = {"configurable": {"thread_id": str(thread_id)}}
    teller = Teller(Run(uuid4(), thread_id, "x", str(uuid4())))
    told_before = 0
    for given in ANSWERS:
        native: list[Any] = []
        # As LangGraph's server calls it.
        stream = graph.astream(
            given, config, stream_mode=MODES, output_keys=graph.output_channels, durability="sync"
        )
        async for mode, chunk in stream:
            native.append((mode, _plain(chunk)))
        history = await _history(graph, config)
        resumed = told_before > 0
        ours = _told(teller, history[told_before - 1 if resumed else 0 :], resumed=resumed)
        assert [(part.event, _plain(part.data)) for part in ours if part.mode in MODES] == native
        told_before = len(history)


async def _history(graph: Graph, config: Any) -> list[StateSnapshot]:
    return [snapshot async for snapshot in graph.aget_state_history(config)][::-1]


def _told(teller: Teller, history: list[StateSnapshot], *, resumed: bool) -> list[Part]:
    parts = list(teller.begin(history[0], resumed=resumed))
    for before, after in pairwise(history):
        parts += [*teller.go_on(before, after), *teller.begin(after, resumed=False)]
    return parts + list(teller.pause(history[-1]))


def _plain(value: Any) -> Any:
    """As it is sent, without the time of sending, and without what LangGraph's server adds to its library's events."""
    found = orjson.loads(orjson.dumps(value))
    if found.pop("timestamp", None) and found["type"] == "checkpoint":
        for name in ("checkpoint", "parent_checkpoint"):
            found["payload"].pop(name, None)
    for task in (found, found.get("payload", {})):
        if "triggers" in task:
            task.pop("metadata", None)
    return found
