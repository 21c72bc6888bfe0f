"""A post of which nobody knows whether it is out, and people and workers who meet at it."""

import asyncio
from contextlib import suppress
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from core.errors import Conflict
from services import threads, workflows
from services.delivery import accounts, jobs
from services.protocol import thread_rows
from tests.plugins.ledger import approved, due, fault, long_ago, published
from tests.plugins.scene import Scene


@pytest.mark.parametrize("kind", ["lost_answer", "bad_gateway"])
@pytest.mark.parametrize("platform", ["x", "linkedin", "blog"])
async def test_a_lost_answer_is_looked_up_and_not_sent_again(scene: Scene, platform: str, kind: str) -> None:
    await scene.start(platform)
    await fault(scene, kind, platform)
    await scene.advance()
    thread_id = (await scene.row("SELECT id FROM platform_states"))["id"]
    await scene.accept(thread_id)
    await scene.advance()
    job = await scene.job(thread_id)
    if job["status"] != "published":
        assert job["status"] == "publishing", "not known, so said to be under way"
        await long_ago(scene, thread_id, 10)
        await scene.advance()
        job = await scene.job(thread_id)
    assert job["status"] == "published"
    assert len(await published(scene, platform)) == 1
    assert (await scene.row("SELECT count(*) AS n FROM posts"))["n"] == 1


async def test_what_a_dead_worker_left_is_not_sent_before_the_platform_was_asked(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    assert await scene.advance() == 0, "it waits until the call's deadline has surely passed"
    await due(scene, thread_id)
    await scene.advance()
    assert [row["kind"] for row in await scene.rows("SELECT kind FROM publishing_attempts")] == ["publish"]
    await long_ago(scene, thread_id, 6)
    await scene.advance()
    kinds = await scene.rows("SELECT kind, outcome FROM publishing_attempts ORDER BY started_at")
    assert [(row["kind"], row["outcome"]) for row in kinds] == [("publish", "unknown"), ("find", "confirmed")]


async def test_absent_counts_only_when_the_platform_has_settled(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "cut")
    await scene.advance()
    await long_ago(scene, thread_id, 1)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "publishing", "too early to be sure"
    await long_ago(scene, thread_id, 6)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "queued"
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert len(await published(scene)) == 1


async def test_a_cancel_beats_a_worker_that_has_claimed_the_job(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    thread_id = await approved(scene, schedule_for=in_an_hour)
    await scene.advance()
    job = await scene.job(thread_id)
    await scene.execute("UPDATE publishing_jobs SET scheduled_for = now(), status = 'queued'")
    await due(scene, thread_id)
    (claim,) = await scene.claim()
    async with scene.tenant() as session:
        await jobs.cancel(session, job["id"])
    await threads.advance(claim, scene.runtime)
    assert await published(scene) == []


async def test_what_cannot_be_known_is_unknown_until_a_person_says(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    job = await scene.job(thread_id)
    async with scene.tenant() as session:
        await jobs.reconcile(session, job["id"], "published", "https://x.com/ada/status/1")
    with pytest.raises(Conflict):  # nobody would write its post down
        async with scene.tenant() as session:
            await thread_rows.delete(session, thread_id)
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["response_data"]["url"]) == ("published", "https://x.com/ada/status/1")
    assert (await scene.state(thread_id))["status"] == "published"
    assert (await scene.row("SELECT url FROM posts"))["url"] == "https://x.com/ada/status/1"
    kinds = [
        row["kind"] for row in await scene.rows("SELECT kind FROM publishing_attempts ORDER BY started_at")
    ]
    assert kinds == ["publish", "reconcile"]


async def test_absent_by_a_persons_word_is_sent_again(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "cut")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    job = await scene.job(thread_id)
    async with scene.tenant() as session:
        await jobs.reconcile(session, job["id"], "absent", None)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"
    assert len(await published(scene)) == 1


async def test_absent_by_a_persons_word_can_be_given_up(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "cut")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    job = await scene.job(thread_id)
    async with scene.tenant() as session:
        await jobs.reconcile(session, job["id"], "absent", None, send_again=False)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "cancelled"
    assert (await scene.state(thread_id))["status"] == "cancelled"
    assert await published(scene) == []
    kinds = [
        row["kind"] for row in await scene.rows("SELECT kind FROM publishing_attempts ORDER BY started_at")
    ]
    assert kinds == ["publish", "reconcile"]


async def test_what_is_never_answered_fails_and_is_not_sent_for_ever(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "cut", count=100)
    for _ in range(6):
        await scene.advance()
        assert (await scene.job(thread_id))["status"] == "publishing"
        await long_ago(scene, thread_id, 10)
        await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "Unanswered")
    assert (state["status"], state["error"]) == ("failed", "6 calls brought no answer, and it is not there.")
    assert await scene.advance() == 0


async def test_a_cancel_that_meets_the_commit_before_the_call_leaves_the_post_to_find_out(
    scene: Scene,
) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    thread_id = await approved(scene, schedule_for=in_an_hour)
    await scene.advance()
    workflow_id = (await scene.state(thread_id))["workflow_id"]

    async def cancel() -> None:
        async with scene.tenant() as session:
            await workflows.cancel(session, workflow_id)

    async with scene.db.service(scene.principal.workspace_id) as worker:
        await worker.execute(text("UPDATE platform_states SET status = 'publishing'"))
        await worker.execute(text("UPDATE publishing_jobs SET status = 'publishing'"))
        cancelling = asyncio.create_task(cancel())
        await asyncio.wait([cancelling], timeout=0.3)
    with pytest.raises(Conflict):
        await cancelling
    assert (await scene.state(thread_id))["status"] == "publishing"


async def test_a_cancel_that_meets_a_claim_is_seen_by_it(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    first, second = [await approved(scene, schedule_for=in_an_hour) for _ in range(2)]
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET scheduled_for = now()")
    await scene.execute("UPDATE platform_states SET due_at = now() - interval '1 s' WHERE id = :id", id=first)
    await scene.execute("UPDATE platform_states SET due_at = now() WHERE id = :id", id=second)
    await _pause_claim_of(scene, first)
    async with scene.db.service() as gate:
        await gate.execute(text("SELECT pg_advisory_xact_lock(1)"))
        async with scene.tenant() as session:
            claiming = asyncio.create_task(scene.claim())
            await asyncio.wait([claiming], timeout=0.3)
            await jobs.cancel(session, (await scene.job(second))["id"])
    for claim in await claiming:
        await threads.advance(claim, scene.runtime)
    await scene.advance()
    assert (await scene.job(second))["status"] == "cancelled"


async def _pause_claim_of(scene: Scene, thread_id: UUID) -> None:
    """Whoever claims this thread waits for advisory lock 1 with the statement's view of the database taken."""
    async with scene.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$"
        )
        await connection.exec_driver_sql(
            "CREATE TRIGGER pause BEFORE UPDATE OF epoch ON platform_states FOR EACH ROW "
            f"WHEN (NEW.id = '{thread_id}' AND NEW.held_by IS NOT NULL) EXECUTE FUNCTION pause()"
        )


async def test_a_post_that_kills_its_workers_is_not_sent_for_ever(scene: Scene) -> None:
    calls = 0

    async def platform(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        if request.method == "GET":
            return httpx.Response(200, json={"data": [], "meta": {}})
        calls += 1
        raise asyncio.CancelledError

    thread_id = await approved(scene)
    async with httpx.AsyncClient(transport=httpx.MockTransport(platform)) as http:
        scene.runtime.http = http
        for _ in range(7):
            with suppress(asyncio.CancelledError):
                await scene.advance()
            await scene.execute("UPDATE publishing_jobs SET deadline = now() - interval '10 s'")
            await scene.execute(
                "UPDATE platform_states SET due_at = now(), lease_until = NULL WHERE status = 'publishing'"
            )
            await scene.advance()
    assert calls == 6
    assert (await scene.job(thread_id))["error"]["code"] == "Unanswered"


async def test_without_simulators_a_simulated_post_in_doubt_is_a_persons_to_tell(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    await long_ago(scene, thread_id, 10)
    scene.runtime.settings = settings = scene.settings.model_copy(update={"simulator_url": None})
    await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert (job["status"], job["error"]["code"], state["status"]) == (
        "unknown",
        "OutcomeUnknown",
        "publishing",
    )
    async with scene.tenant() as session:
        row = await accounts.find(session, job["connected_account_id"])
    with pytest.raises(Conflict, match="no simulators"):
        await accounts.test(scene.runtime.http, settings, scene.runtime.keyring, row)
