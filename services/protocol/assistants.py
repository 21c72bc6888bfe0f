"""The platforms' graphs as LangGraph's protocol names them: one assistant for each, which nobody makes or changes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import JsonValue, TypeAdapter

from core.errors import NotFound
from graphs.loop import Graph
from graphs.names import assistant_id
from graphs.state import State
from platforms.registry import PLATFORMS, PlatformName
from services.threads import GRAPHS

_SINCE: Final = "2026-11-21T00:00:00+00:00"
"""They come with the program and are never changed."""

Assistant = Mapping[str, JsonValue]


def _assistant(graph_id: PlatformName) -> Assistant:
    label = PLATFORMS[graph_id].policy.label
    return {
        "assistant_id": assistant_id(graph_id),
        "graph_id": graph_id.value,
        "name": graph_id.value,
        "description": f"{label}: drafts written, scored, approved by a person, published.",
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "version": 1,
        "created_at": _SINCE,
        "updated_at": _SINCE,
    }


ASSISTANTS: Final[Sequence[Assistant]] = [_assistant(name) for name in PLATFORMS]


def find(name: str) -> Assistant:
    """By its graph's name or by its id. Raises NotFound."""
    graph_id = graph_of(name)
    if graph_id is None:
        known = ", ".join(GRAPHS)
        raise NotFound(f"There is no assistant {name!r}.", remedy=f"There is one for each platform: {known}.")
    return next(assistant for assistant in ASSISTANTS if assistant["graph_id"] == graph_id)


def graph_of(name: str) -> str | None:
    """The graph of this name or of the assistant with this id."""
    wanted = name.lower()
    return next((graph for graph in GRAPHS if wanted in {graph, assistant_id(graph)}), None)


def search(metadata: Mapping[str, JsonValue], graph_id: str | None, name: str | None) -> list[Assistant]:
    """`name`: a part of it. Raises NotFound for a graph that there is none of."""
    if graph_id is not None:
        find(graph_id)
    return [
        assistant
        for assistant in ASSISTANTS
        if graph_id in {None, assistant["graph_id"]}
        and (name or "").lower() in str(assistant["name"])
        and metadata.items() <= {"created_by": "system"}.items()
    ]


def drawn(assistant: Assistant, xray: bool | int) -> dict[str, Any]:
    """Nodes and edges, as Studio draws them. `xray`: how many levels of subgraphs to open."""
    drawing = _graph(assistant).get_graph(xray=xray).to_json()
    for node in drawing["nodes"]:
        node.get("data", {}).pop("id", None)  # where LangGraph keeps the class
    return drawing


def schemas(assistant: Assistant) -> Mapping[str, JsonValue]:
    return _schemas(str(assistant["graph_id"]))


@cache
def _schemas(graph_id: str) -> Mapping[str, JsonValue]:
    graph = GRAPHS[graph_id]
    context = graph.get_context_jsonschema()
    return {
        "graph_id": graph_id,
        "input_schema": graph.get_input_jsonschema(),
        "output_schema": graph.get_output_jsonschema(),
        "state_schema": TypeAdapter(State).json_schema(),
        # Clients of before there was a context edit `config.configurable`, where it is taken as well.
        "config_schema": context,
        "context_schema": context,
    }


def _graph(assistant: Assistant) -> Graph:
    return GRAPHS[str(assistant["graph_id"])]
