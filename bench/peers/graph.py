"""The loop's shape with a model that costs nothing, as the other servers run it: in their environment, without ours.

To publish is to append the text to a file: whatever goes out twice stands there twice.
"""

import os
from pathlib import Path
from typing import Any, Literal, TypedDict
from uuid import uuid4

from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

_PUBLISHED = Path(os.environ["PEERS_PUBLISHED"])


class State(TypedDict, total=False):
    source: dict[str, str]
    draft: str
    score: int
    decision: dict[str, Any]
    outcome: str


async def generate(state: State) -> State:
    return {"draft": f"{state['source']['text']} {uuid4()}"}


async def evaluate(state: State) -> Command[Literal["human_review"]]:
    return Command(update={"score": 90}, goto="human_review")


async def human_review(state: State) -> Command[Literal["publish"]]:
    decision = interrupt({"draft": state["draft"], "score": state["score"]})
    text = decision.get("content", state["draft"])
    return Command(update={"decision": decision, "draft": text}, goto="publish")


async def publish(state: State) -> State:
    with _PUBLISHED.open("a") as published:  # noqa: ASYNC230 - a thread would cost more than the line
        published.write(state["draft"] + "\n")
    return {"outcome": "published"}


_graph = StateGraph(State)
_graph.add_node("generate", generate)
_graph.add_node("evaluate", evaluate)
_graph.add_node("human_review", human_review)
_graph.add_node("publish", publish)
_graph.add_edge(START, "generate")
_graph.add_edge("generate", "evaluate")
graph = _graph.compile()
