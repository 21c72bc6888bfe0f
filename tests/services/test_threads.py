"""A thread's advance: the claim, the fence, crashes, errors and wake-ups."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from uuid_utils.compat import uuid7

from agents.base import Judgement, JudgeRequest, Meter
from core.errors import Conflict
from graphs.interrupts import Decision
from services import claims, events, threads, workflows
from services.claims import ClaimLost
from services.commit import Advance, commit
from services.reviewing import reviews
from services.reviewing.reviews import DraftChanged, ReviewAlreadyDecided
from tests.plugins.scene import Scene, Words

TABLES = (
    "drafts",
    "evaluations",
    "reviews",
    "publishing_jobs",
    "posts",
    "token_usage",
    "checkpoints",
    "checkpoint_blobs",
    "checkpoint_writes",
)


async def counts(scene: Scene) -> dict[str, int]:
    return {table: (await scene.row(f"SELECT count(*) AS n FROM {table}"))["n"] for table in TABLES}


async def expire(scene: Scene, thread_id: UUID) -> None:
    """As if the worker had been gone for the whole lease."""
    await scene.execute(
        "UPDATE platform_states SET lease_until = now() - interval '1 s', due_at = now() - interval '1 s' WHERE id = :id",
        id=thread_id,
    )


async def test_a_brief_becomes_a_review_in_one_commit(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    assert await scene.advance() == 1
    state = await scene.state(thread_id)
    review = await scene.review(thread_id)
    assert (state["status"], state["lease_until"], state["due_at"]) == ("awaiting_review", None, None)
    assert state["active_draft_id"] == review["draft_id"]
    assert (await scene.row("SELECT status FROM threads WHERE id = :id", id=thread_id))[
        "status"
    ] == "interrupted"
    draft = await scene.row("SELECT * FROM drafts")
    assert draft["content"].startswith("Draft 0 says: We have shipped.")
    assert draft["checkpoint_id"] in {
        row["checkpoint_id"] for row in await scene.rows("SELECT * FROM checkpoints")
    }
    usage = await scene.rows("SELECT * FROM token_usage")
    assert {row["draft_id"] for row in usage} == {draft["id"]}
    written = await scene.rows(
        "SELECT DISTINCT xmin::text AS xid FROM drafts UNION SELECT xmin::text FROM reviews"
    )
    assert len(written) == 1, "draft and review are of one transaction"
    assert await scene.advance() == 0, "nothing is due while a person thinks"


async def test_two_workers_never_hold_the_same_thread(scene: Scene) -> None:
    for _ in range(6):
        await scene.start("x")
    taken = await asyncio.gather(*(scene.claim(limit=4, worker=f"w{n}") for n in range(4)))
    ids = [claim.thread_id for claims in taken for claim in claims]
    assert len(ids) == len(set(ids)) == 6


async def test_a_worker_that_lost_its_claim_writes_nothing_at_all(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    (stale,) = await scene.claim()
    await expire(scene, thread_id)
    (fresh,) = await scene.claim()
    before = await counts(scene)
    await threads.advance(stale, scene.runtime)
    assert await counts(scene) == before
    assert (await scene.state(thread_id))["epoch"] == fresh.epoch
    await threads.advance(fresh, scene.runtime)
    assert (await scene.state(thread_id))["status"] == "awaiting_review"
    assert (await counts(scene))["drafts"] == 1


async def test_a_run_that_died_is_taken_up_again_and_leaves_no_duplicates(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    scene.words.write_seconds = 0.3
    scene.words.judging = asyncio.Event()
    (claim,) = await scene.claim()
    running = asyncio.create_task(threads.advance(claim, scene.runtime))
    while not await scene.rows("SELECT id FROM drafts"):
        await asyncio.sleep(0.02)
    assert (await scene.state(thread_id))["status"] == "evaluating", (
        "a slow step is committed before the pause"
    )
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await expire(scene, thread_id)
    scene.words.judging = None
    await scene.advance()
    state = await scene.state(thread_id)
    assert (state["status"], state["lost_leases"]) == ("awaiting_review", 0)
    assert scene.words.written == 1, "paid work is not done again"
    assert (await counts(scene))["drafts"] == 1


async def test_a_wake_up_during_a_claim_is_not_lost(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    (claim,) = await scene.claim()
    await scene.execute("UPDATE platform_states SET due_at = now() WHERE id = :id", id=thread_id)
    await threads.advance(claim, scene.runtime)
    assert await scene.advance() == 1


async def test_a_repeated_commit_does_not_undo_what_came_in_between(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    (claim,) = await scene.claim()
    await threads.advance(claim, scene.runtime)
    await scene.accept(thread_id)
    with pytest.raises(ClaimLost):
        async with scene.db.autocommit() as connection:
            await commit(connection, claim, Advance(status="awaiting_review", thread_status="interrupted"))
    state = await scene.state(thread_id)
    assert state["status"] == "accepted"
    assert state["due_at"] is not None


async def test_a_released_thread_is_not_renewed(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    (claim,) = await scene.claim()
    async with scene.db.autocommit() as connection:
        assert await claims.renew(connection, [claim], lease_seconds=60) == {thread_id}
    await threads.advance(claim, scene.runtime)
    async with scene.db.autocommit() as connection:
        assert await claims.renew(connection, [claim], lease_seconds=60) == set()
    assert (await scene.state(thread_id))["lease_until"] is None


async def test_three_errors_in_a_row_fail_a_thread_with_the_reason(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    scene.words.texts = iter([ValueError("out of ink")] * 3)
    for attempt in (1, 2):
        assert await scene.advance() == 1
        state = await scene.state(thread_id)
        assert (state["status"], state["attempts"]) == ("generating", attempt)
        assert await scene.advance() == 0, "it waits before it tries again"
        await scene.execute("UPDATE platform_states SET due_at = now() WHERE id = :id", id=thread_id)
    await scene.advance()
    state = await scene.state(thread_id)
    assert (state["status"], state["due_at"]) == ("failed", None)
    assert state["error"] == "ValueError: out of ink"
    assert (await scene.row("SELECT status FROM workflows"))["status"] == "failed"
    async with scene.tenant() as session:
        await workflows.retry(session, thread_id)
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "awaiting_review"


async def test_a_thread_that_kills_its_workers_is_failed(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.execute("UPDATE platform_states SET lost_leases = 20 WHERE id = :id", id=thread_id)
    await scene.advance()
    state = await scene.state(thread_id)
    assert state["status"] == "failed"
    assert "20 times in a row" in state["error"]


async def test_a_draining_worker_gives_the_thread_back_at_the_next_step(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    scene.runtime.draining = True
    await scene.advance()
    state = await scene.state(thread_id)
    assert (state["status"], state["lease_until"]) == ("evaluating", None)
    scene.runtime.draining = False
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "awaiting_review"
    assert scene.words.written == 1


async def test_only_one_of_two_decisions_counts(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    accept, reject = Decision(decision="accept"), Decision(decision="reject")
    review = await scene.review(thread_id)

    async def decide(decision: Decision) -> None:
        async with scene.tenant() as session:
            await reviews.decide(session, scene.principal, review["id"], decision, review["seen_hash"])

    results = await asyncio.gather(decide(accept), decide(reject), return_exceptions=True)
    assert [type(result) for result in results if result] == [ReviewAlreadyDecided]
    winner = "accept" if results[0] is None else "reject"
    assert (await scene.row("SELECT decision FROM reviews"))["decision"] == winner


async def test_a_decision_on_what_was_not_seen_is_refused(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    with pytest.raises(DraftChanged):
        await scene.decide(thread_id, Decision(decision="accept"), "0" * 64)
    assert (await scene.review(thread_id))["status"] == "pending"


async def test_regenerate_takes_the_reviewers_words_along(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    await scene.advance()
    await scene.decide(thread_id, Decision(decision="regenerate", feedback="Name the version."))
    assert (await scene.state(thread_id))["status"] == "generating"
    await scene.advance()
    drafts = await scene.rows("SELECT * FROM drafts ORDER BY sequence")
    assert "Name the version." in drafts[1]["content"]
    assert drafts[1]["based_on_id"] == drafts[0]["id"]
    assert (await scene.review(thread_id))["draft_id"] == drafts[1]["id"]


async def test_cancelling_voids_the_claim_of_a_running_worker(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    (claim,) = await scene.claim()
    workflow_id = claim.workflow_id
    async with scene.tenant() as session:
        await workflows.cancel(session, workflow_id)
    before = await counts(scene)
    await threads.advance(claim, scene.runtime)
    assert await counts(scene) == before
    assert (await scene.state(thread_id))["status"] == "cancelled"
    assert (await scene.row("SELECT status FROM workflows"))["status"] == "cancelled"
    with pytest.raises(Conflict):
        async with scene.tenant() as session:
            await workflows.cancel(session, workflow_id)


async def test_workflow_status_follows_its_threads_even_when_they_end_together(scene: Scene) -> None:
    ids = await scene.start("x", "linkedin", "blog")
    await scene.advance()
    assert (await scene.row("SELECT status FROM workflows"))["status"] == "awaiting_review"
    for thread_id in ids:
        await scene.decide(thread_id, Decision(decision="reject"))
    claimed = await scene.claim()
    await asyncio.gather(*(threads.advance(claim, scene.runtime) for claim in claimed))
    assert (await scene.row("SELECT status FROM workflows"))["status"] == "completed"


async def test_events_tell_what_happened_in_order(scene: Scene) -> None:
    await scene.start("x")
    await scene.advance()
    workflow_id = (await scene.row("SELECT id FROM workflows"))["id"]
    mine = scene.principal.workspace_id
    found: Sequence[events.Event] = ()
    async with scene.db.functions() as connection:
        while "review.requested" not in [event.type for event in found]:
            await asyncio.sleep(0.01)  # shown once no older transaction of the server is under way
            found = (await events.read(connection, mine, workflow_id, events.Position())).events
        types = [event.type for event in found]
        assert types[0] == "thread.status"
        wanted = ["draft.created", "evaluation.created", "review.requested"]
        assert [t for t in types if t in wanted] == wanted
        for workspace_id, about, after in (
            (mine, workflow_id, found[-1].position),
            (mine, uuid7(), events.Position()),
            (uuid7(), workflow_id, events.Position()),
        ):
            batch = await events.read(connection, workspace_id, about, after)
            assert (batch.events, batch.whole) == ([], True)
            assert batch.reached > found[-1].position


async def test_what_the_database_will_not_take_is_an_error_and_not_told_in_its_words(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    scene.words.texts = iter(["What we\0said"] * 3)
    for _ in range(3):
        assert await scene.advance() == 1
        await scene.execute("UPDATE platform_states SET due_at = now() WHERE due_at IS NOT NULL")
    state = await scene.state(thread_id)
    assert (state["status"], state["attempts"]) == ("failed", 3)
    assert "said" not in state["error"]
    assert "INSERT" not in state["error"]


async def test_a_step_that_fails_after_what_the_database_will_not_take_ends_as_other_failures_do(
    scene: Scene,
) -> None:
    class Silent(Words):
        async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
            raise ValueError("nothing to say")

    (thread_id,) = await scene.start("x")
    scene.words.texts = iter(["What we\0said"] * 3)
    scene.runtime.critic = Silent()
    for _ in range(3):
        assert await scene.advance() == 1
        await scene.execute("UPDATE platform_states SET due_at = now() WHERE due_at IS NOT NULL")
    state = await scene.state(thread_id)
    assert (state["status"], state["attempts"]) == ("failed", 3)
    assert "does not take what the thread produced" in state["error"]


async def test_an_error_in_words_that_cannot_be_stored_is_kept_as_far_as_it_can(scene: Scene) -> None:
    (thread_id,) = await scene.start("x")
    scene.words.texts = iter([ValueError("odd\0\ud800 words")])
    await scene.advance()
    assert (await scene.state(thread_id))[
        "error"
    ] == "ValueError: odd\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} words"


async def test_an_advance_is_a_span_that_says_nothing_of_the_text(scene: Scene) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    (thread_id,) = await scene.start("x")
    scene.words.texts = iter([ValueError("a secret draft")])
    await scene.advance()
    (span,) = exporter.get_finished_spans()
    assert (span.name, (span.attributes or {})["thread_id"]) == ("thread.advance", str(thread_id))
    assert "secret" not in span.to_json()
