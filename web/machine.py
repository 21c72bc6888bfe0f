"""The loop that a draft goes through (docs/concepts.md), as it is drawn on a workflow's page, and how far a thread has come."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from services.workflow_events import Entry


@dataclass(frozen=True, slots=True)
class Node:
    """Its box; the drawing is `WIDTH` by `HEIGHT`."""

    label: str
    x: int
    y: int
    width: int = 112
    height: int = 34


@dataclass(frozen=True, slots=True)
class Edge:
    why: str
    path: str
    label: str = ""
    """Beside the line, at `x` and `y`; where there is no room for it `why` is in the tooltip only."""
    x: int = 0
    y: int = 0
    anchor: str = "end"


WIDTH: Final = 320
HEIGHT: Final = 326
NODES: Final[Mapping[str, Node]] = {
    "generate": Node("Write", 114, 28),
    "evaluate": Node("Score", 114, 92),
    "human_review": Node("Review", 114, 156),
    "publish": Node("Publish", 114, 220),
    "published": Node("Published", 114, 284),
    "rejected": Node("Rejected", 4, 284, 84),
}
EDGES: Final[Mapping[tuple[str, str], Edge]] = {
    ("__start__", "generate"): Edge("The brief", "M170 14V26"),
    ("generate", "evaluate"): Edge("Each draft is scored", "M170 62V90"),
    ("evaluate", "generate"): Edge(
        "Below the bar: another round", "M114 104C92 98 92 56 112 50", "again", 94, 81
    ),
    ("evaluate", "human_review"): Edge("Good enough, or as good as it gets", "M170 126V154"),
    ("evaluate", "publish"): Edge(
        "An edit that its author approved", "M226 104C330 112 330 230 228 238", "approved", 258, 252, "start"
    ),
    ("human_review", "publish"): Edge("Accepted", "M170 190V218", "accepted", 178, 208, "start"),
    ("human_review", "generate"): Edge(
        "To be written anew", "M114 164C30 156 30 44 112 38", "rewrite", 47, 104
    ),
    ("human_review", "evaluate"): Edge(
        "Edited by a person", "M226 164C254 158 254 122 228 116", "edited", 252, 144, "start"
    ),
    ("human_review", "human_review"): Edge(
        "Shown again: the decision could not be carried out", "M226 172C250 168 250 188 228 184"
    ),
    ("human_review", "rejected"): Edge("Rejected", "M114 176C10 180 30 240 40 282"),
    ("publish", "human_review"): Edge(
        "The platform refused it", "M114 232C92 226 92 190 112 184", "refused", 95, 212
    ),
    ("publish", "published"): Edge("It is out", "M170 254V282"),
}
_AT: Final = {
    "generating": "generate",
    "evaluating": "evaluate",
    "awaiting_review": "human_review",
    "accepted": "publish",
    "scheduled": "publish",
    "publishing": "publish",
    "published": "published",
    "rejected": "rejected",
}
_TOLD_TWICE: Final = frozenset({"publish", "published"})
"""A job's states are told one by one, the last of them beside the thread's end."""


@dataclass(frozen=True, slots=True)
class Trace:
    at: str
    """The node where it is, or was when it failed or was cancelled."""
    visits: Mapping[str, int]
    walked: frozenset[tuple[str, str]]

    def said(self) -> str:
        """For those who cannot see the drawing."""
        done = [
            f"{NODES[name].label} {count} times" if count > 1 else NODES[name].label
            for name, count in self.visits.items()
        ]
        return f"It is at: {NODES[self.at].label}. So far: {', '.join(done)}."


def trace(status: str, record: Iterable[Entry]) -> Trace:
    """Of a thread with this status, by what happened to it, oldest first."""
    path = ["__start__"]
    for entry in record:
        node = _reached(entry)
        if node is not None and not (node == "publish" and path[-1] in _TOLD_TWICE):
            path.append(node)
    at = _AT.get(status) or (path[-1] if len(path) > 1 else "generate")
    if at != path[-1]:
        path.append(at)
    walked = frozenset(pair for pair in pairwise(path) if pair in EDGES)
    return Trace(at, Counter(path[1:]), walked)


def _reached(entry: Entry) -> str | None:
    match entry.kind, entry.facts.get("source"), entry.facts.get("status"):
        case ("draft.created", "ai", _):
            return "generate"
        case ("evaluation.created", _, _):
            return "evaluate"
        case ("review.requested", _, _):
            return "human_review"
        case ("job.status", _, _):
            return "publish"
        case ("thread.status", _, "published" | "rejected" as end):
            return str(end)
        case _:
            return None
