"""The crash harness in short (`make chaos` is its long form), and that it would see what it looks for."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.chaos import findings
from bench.chaos.journal import Cancelled, Decided, JobMoved, Journal, Started
from bench.chaos.ledger import Ledger, Post
from bench.chaos.run import Plan, run

SHORT = Plan(
    seed=secrets.randbits(32),
    workflows=20,
    kills=10,
    callers=20,
    workers=2,
    apis=2,
    kill_seconds=0.8,
    blow_events=3,
    fault_seconds=2.0,
    worker_faults="after_commit:0.002,before_commit:0.006,before_call:0.02,after_call:0.03",
    api_faults="after_commit:0.001",
    storm_seconds=90,
    calm_seconds=90,
    worker_env={"PROOFROOM_LEASE_SECONDS": "3", "PROOFROOM_PUBLISH_DEADLINE_SECONDS": "2"},
)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
POST = Post("x", "ada", "1", "Said.", NOON.timestamp())
ACCEPTED = Decided("thread", "review", "accept", "account", None, "Said.")
REJECTED = Decided("thread", "review", "reject")


def test_nothing_is_lost_and_nothing_goes_out_twice(tmp_path: Path) -> None:
    report = run(SHORT, tmp_path)
    assert not report.violations, (report.violations, report.figures, report.errors)
    assert (report.figures["lost"], report.figures["twice"]) == (0, 0)
    assert report.figures["workflows"] >= SHORT.workflows
    assert report.figures["kills"] >= SHORT.kills
    assert any(" at " in what for what in report.struck), "no process died at a named point"


def seen(tmp_path: Path, *told: Any, out: tuple[Post, ...] = (), **thread: Any) -> list[str]:
    """Kinds of the violations where one thread's story and its end are these."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write(Started("workflow", "Qmark", {"x": "thread"}))
    for event in told:
        journal.write(event)
    decision = next((event.decision for event in told if isinstance(event, Decided)), None)
    status = thread.get("job", "published" if out else None)
    job = {"id": "job", "status": status, "error": None, "scheduled_for": None, "platform_post_id": "1"}
    state = {"status": "published" if out else "rejected", "error": None, "pending_reviews": 0, **thread}
    ledger = Ledger(
        threads={"thread": state},
        jobs={"thread": [job]} if status else {},
        reviews={"review": {"decision": decision, "created_at": NOON}},
        usernames={"account": "ada"},
        out={("x", "Qmark"): list(out)},
        incomplete=[],
        unknown=0,
        checked={},
    )
    return [violation.kind for violation in findings.find(journal, ledger)]


def test_a_story_that_ended_well_is_none(tmp_path: Path) -> None:
    assert seen(tmp_path, ACCEPTED, out=(POST,)) == []
    assert seen(tmp_path, REJECTED) == []
    assert seen(tmp_path, Cancelled("workflow", ("thread",)), status="cancelled") == []


@pytest.mark.parametrize(
    ("told", "out", "thread", "kinds"),
    [
        ([ACCEPTED], [], {"status": "published", "job": "published"}, {"lost", "wrong"}),
        ([ACCEPTED], [], {"status": "publishing", "job": "publishing"}, {"lost", "stuck"}),
        ([ACCEPTED], [POST, POST], {}, {"twice", "wrong"}),
        ([ACCEPTED], [Post("x", "ada", "1", "Else.", 0)], {}, {"wrong"}),
        ([ACCEPTED], [Post("x", "bob", "1", "Said.", 0)], {}, {"wrong"}),
        ([REJECTED], [POST], {}, {"wrong"}),
        ([ACCEPTED, Cancelled("workflow", ("thread",))], [POST], {}, {"wrong", "lost"}),
        ([ACCEPTED, JobMoved("thread", "job", NOON + timedelta(minutes=1))], [POST], {}, {"wrong"}),
        ([], [], {"status": "generating"}, {"stuck"}),
        ([], [], {"status": "awaiting_review", "pending_reviews": 0}, {"stuck"}),
    ],
)
def test_a_broken_promise_is_seen(
    tmp_path: Path, told: list[Any], out: list[Post], thread: dict[str, Any], kinds: set[str]
) -> None:
    assert set(seen(tmp_path, *told, out=tuple(out), **thread)) == kinds


def test_what_was_acknowledged_and_is_not_there_is_lost(tmp_path: Path) -> None:
    other = Decided("thread", "review", "edit", "account", None, "Said.")
    assert seen(tmp_path, REJECTED, other, out=(POST,)) == ["lost"]
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write(Started("workflow", "Qmark", {"x": "gone"}))
    nothing = Ledger({}, {}, {}, {}, {}, [("a draft that nobody scored", "draft")], 0, {})
    assert [each.kind for each in findings.find(journal, nothing)] == ["lost", "incomplete"]
