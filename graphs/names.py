"""What LangGraph's own server calls our graphs, for clients that know them by that."""

from functools import cache
from typing import Final
from uuid import UUID, uuid5

_NAMESPACE: Final = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""It makes the ids of its graphs' assistants in it."""


@cache
def assistant_id(graph_id: str) -> str:
    return str(uuid5(_NAMESPACE, graph_id))
