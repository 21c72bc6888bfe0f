"""The drawing of the loop is the loop: its edges are the graph's, and a thread's way follows its record."""

from datetime import UTC, datetime
from typing import Any

from langgraph.graph import END

from graphs.loop import build
from services.workflow_events import Entry
from web.machine import EDGES, NODES, trace


def entry(kind: str, **facts: Any) -> Entry:
    return Entry(datetime.now(UTC), None, kind, facts, None)


DRAFT, SCORE = entry("draft.created", source="ai"), entry("evaluation.created")
EDIT = entry("draft.created", source="human")
REVIEW, JOB = entry("review.requested"), entry("job.status", status="queued")


def test_the_drawing_has_the_edges_of_the_graph() -> None:
    ends = {"published": END, "rejected": END}
    drawn = {(start, ends.get(end, end)) for start, end in EDGES}
    edges = {(edge.source, edge.target) for edge in build("x").get_graph().edges}
    assert drawn == {edge for edge in edges if "condense" not in edge}, "reading is a part of writing"
    assert {end for _, end in EDGES} == set(NODES)


def test_a_way_with_two_rounds_an_edit_and_a_refusal() -> None:
    way = trace("published", [DRAFT, SCORE, DRAFT, SCORE, REVIEW, JOB, JOB, REVIEW, EDIT, SCORE, JOB])
    assert (way.at, way.visits["generate"], way.visits["human_review"], way.visits["publish"]) == (
        "published",
        2,
        2,
        2,
    )
    assert {
        ("evaluate", "generate"),
        ("publish", "human_review"),
        ("human_review", "evaluate"),
        ("evaluate", "publish"),
        ("publish", "published"),
    } <= way.walked
    assert ("human_review", "generate") not in way.walked
    assert way.said().startswith("It is at: Published. So far: Write 2 times")


def test_where_it_stands() -> None:
    assert trace("generating", []).at == "generate"
    assert trace("failed", [DRAFT]).at == "generate"
    assert trace("awaiting_review", [DRAFT, SCORE, REVIEW, REVIEW]).walked >= {
        ("human_review", "human_review")
    }
    assert trace("rejected", [DRAFT, SCORE, REVIEW]).walked >= {("human_review", "rejected")}
    assert trace("scheduled", [DRAFT, SCORE, REVIEW]).at == "publish"
