"""Runs as LangGraph's clients read them."""

from typing import Any, Final

from graphs.names import assistant_id
from services.protocol.runs import Run

_HIDDEN: Final = frozenset({"turn", "webhook"})
"""Whoever knows a webhook's address can speak for us there, and everybody in the workspace reads runs."""


def shown(run: Run) -> dict[str, Any]:
    return {
        "run_id": str(run.id),
        "thread_id": str(run.thread_id),
        "assistant_id": assistant_id(run.graph_id),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "status": run.status,
        "metadata": run.metadata,
        "kwargs": {name: value for name, value in run.request.items() if name not in _HIDDEN},
        "multitask_strategy": run.multitask_strategy,
    }
