"""From an approval to a receipt: exactly the approved words, exactly once, whatever goes wrong on the way."""

import asyncio
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from core.errors import Conflict
from core.simulated import simulated_account
from graphs.interrupts import Decision
from services import accounts, jobs, posts, threads, workflows
from services.jobs import JobStatusConflict
from tests.plugins.scene import Scene


async def approved(scene: Scene, platform: str = "x", **decision: Any) -> UUID:
    """A thread whose draft has just been accepted."""
    (thread_id,) = await scene.start(platform)
    await scene.advance()
    await scene.accept(thread_id, **decision)
    return thread_id


async def account(scene: Scene, platform: str) -> dict[str, Any]:
    return await scene.row("SELECT * FROM connected_accounts WHERE platform = :platform", platform=platform)


async def published(scene: Scene, platform: str = "x") -> list[dict[str, Any]]:
    """What the simulators have, by their own record."""
    row = await account(scene, platform)
    made = simulated_account(platform, row["username"], str(scene.settings.simulator_url))  # type: ignore[arg-type] # a name
    wanted = {"platform": platform, "account": made.username}
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{scene.settings.simulator_url}/_control/posts", params=wanted)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def fault(scene: Scene, kind: str, platform: str = "x", **fields: Any) -> None:
    row = await account(scene, platform)
    body = {"platform": platform, "account": row["username"], "kind": kind, **fields}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{scene.settings.simulator_url}/_control/faults", json=body)
    assert answer.status_code == 201, answer.text


async def long_ago(scene: Scene, thread_id: UUID, seconds: float) -> None:
    """The job was touched, and its call timed out, `seconds` before now."""
    ago = {"id": thread_id, "seconds": seconds}
    await scene.execute(
        "UPDATE publishing_jobs SET deadline = now() - make_interval(secs => :seconds) WHERE thread_id = :id",
        **ago,
    )
    await due(scene, thread_id)


async def due(scene: Scene, thread_id: UUID) -> None:
    await scene.execute(
        "UPDATE platform_states SET due_at = now(), lease_until = NULL WHERE id = :id", id=thread_id
    )


async def test_an_approval_becomes_one_post_with_its_receipt(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert (job["status"], state["status"]) == ("published", "published")
    assert job["simulated"] is True
    post = await scene.row("SELECT * FROM posts")
    assert (post["url"], post["simulated"]) == (job["response_data"]["url"], True)
    (attempt,) = await scene.rows("SELECT * FROM publishing_attempts")
    assert (attempt["kind"], attempt["outcome"]) == ("publish", "confirmed")
    draft = await scene.row("SELECT * FROM drafts")
    assert [entry["text"] for entry in await published(scene)] == [draft["content"]]
    assert (await scene.row("SELECT status FROM workflows"))["status"] == "completed"


async def test_a_text_that_nobody_approved_never_goes_out(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.execute("UPDATE reviews SET approved_hash = repeat('0', 64)")
    await scene.advance()
    assert await published(scene) == []
    review = await scene.review(thread_id)
    assert "approved" in review["refusal"]["detail"]
    assert (await scene.state(thread_id))["status"] == "awaiting_review"


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


async def test_the_platforms_refusal_goes_back_to_the_reviewer_in_its_own_words(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "payment_required")
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("failed", "Refused")
    review = await scene.review(thread_id)
    assert review["refusal"]["detail"] == job["error"]["detail"]
    await scene.decide(thread_id, Decision(decision="edit", content="Shorter, and paid for."))
    await scene.advance()
    assert [entry["text"] for entry in await published(scene)] == ["Shorter, and paid for."]


async def test_a_lost_token_holds_the_job_until_the_account_is_back(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "unauthorized")
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", "Reauthorize")
    assert (await account(scene, "x"))["status"] == "token_expired"
    assert (await scene.state(thread_id))["status"] == "accepted"
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict):
            await jobs.retry(session, job["id"])
    await scene.execute("UPDATE connected_accounts SET status = 'active'")
    async with scene.tenant() as session:
        await jobs.retry(session, job["id"])
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"


async def test_a_rate_limit_is_waited_for(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "rate_limited", seconds=120)
    await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert job["status"] == "queued"
    wait = (await scene.row("SELECT EXTRACT(EPOCH FROM due_at - now()) AS s FROM platform_states"))["s"]
    assert 60 < wait <= 130, state
    other = await approved(scene)
    await scene.advance()
    assert (await scene.job(other))["status"] == "queued", "the account waits, not the one post"
    assert await published(scene) == []


async def test_without_an_account_a_job_is_held_and_says_why(scene: Scene) -> None:
    await scene.execute("UPDATE connected_accounts SET status = 'disconnected', credentials = NULL")
    thread_id = await approved(scene)
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"], job["connected_account_id"]) == ("held", "NoAccount", None)
    assert "account_id" in job["error"]["remedy"]
    assert await published(scene) == []


async def test_a_deployed_service_never_simulates(scene: Scene) -> None:
    scene.runtime.settings = scene.settings.model_copy(update={"simulator_url": None})
    thread_id = await approved(scene)
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", "SimulatedAccount")
    assert await published(scene) == []


async def test_a_scheduled_post_waits_for_its_time_and_moves_without_a_new_approval(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    thread_id = await approved(scene, schedule_for=in_an_hour)
    await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert (job["status"], state["status"], state["due_at"]) == ("scheduled", "scheduled", in_an_hour)
    assert job["simulated"] is True, "said before it is out, too"
    assert await scene.advance() == 0
    sooner = (await scene.row("SELECT now() + interval '200 ms' AS t"))["t"]
    async with scene.tenant() as session:
        await jobs.reschedule(session, job["id"], sooner)
    await scene.rows("SELECT pg_sleep(0.25)")
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"


async def test_a_cancelled_job_does_not_go_out(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    thread_id = await approved(scene, schedule_for=in_an_hour)
    await scene.advance()
    job = await scene.job(thread_id)
    async with scene.tenant() as session:
        await jobs.cancel(session, job["id"])
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "cancelled"
    assert await published(scene) == []
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict):
            await jobs.cancel(session, job["id"])


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


async def missed(scene: Scene, thread_id: UUID, ago: str) -> None:
    """The job was due `ago`, and nobody was there."""
    await scene.execute(
        f"UPDATE publishing_jobs SET scheduled_for = now() - interval '{ago}' WHERE thread_id = :id",
        id=thread_id,
    )
    await scene.execute(
        f"UPDATE reviews SET decided_at = now() - interval '{ago}', schedule_for = now() - interval '{ago}' "
        "WHERE thread_id = :id",
        id=thread_id,
    )
    await due(scene, thread_id)


async def test_missed_posts_leave_a_minute_apart_and_very_late_ones_wait_for_a_person(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    ids = [await approved(scene, schedule_for=in_an_hour) for _ in range(3)]
    await scene.advance()
    # What touches a job says when it was touched; here that, too, was long ago.
    await _without_updated_at(scene, ids)
    await missed(scene, ids[0], "2 hours")
    await missed(scene, ids[1], "2 hours")
    await missed(scene, ids[2], "25 hours")
    await scene.advance()
    first, second, third = [await scene.job(thread_id) for thread_id in ids]
    assert sorted((first["status"], second["status"])) == ["published", "scheduled"]
    assert (third["status"], third["error"]["code"]) == ("held", "TooLate")
    assert len(await published(scene)) == 1
    wait = (
        await scene.row(
            "SELECT EXTRACT(EPOCH FROM due_at - now()) AS s FROM platform_states WHERE due_at IS NOT NULL"
        )
    )["s"]
    assert 50 < wait <= 60


async def _without_updated_at(scene: Scene, ids: list[UUID]) -> None:
    """The owner of the tables lets a test set what a trigger keeps."""
    async with scene.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "ALTER TABLE publishing_jobs DISABLE TRIGGER trg_publishing_jobs_updated_at"
        )
        await connection.exec_driver_sql("ALTER TABLE publishing_jobs NO FORCE ROW LEVEL SECURITY")
        await connection.exec_driver_sql("UPDATE publishing_jobs SET updated_at = now() - interval '2 days'")
        await connection.exec_driver_sql("ALTER TABLE publishing_jobs FORCE ROW LEVEL SECURITY")


async def test_what_cannot_be_known_is_unknown_until_a_person_says(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    job = await scene.job(thread_id)
    async with scene.tenant() as session:
        await jobs.reconcile(session, job["id"], "published", "https://x.com/ada/status/1")
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


async def test_receipts_hold_no_secret(scene: Scene) -> None:
    ids = await scene.start("x", "linkedin", "blog")
    await scene.advance()
    for thread_id in ids:
        await scene.accept(thread_id)
    await scene.advance()
    rows = await scene.rows("SELECT response_data, error FROM publishing_jobs")
    rows += await scene.rows("SELECT evidence FROM publishing_attempts")
    assert len(rows) == 6
    kept = json.dumps([dict(row) for row in rows], default=str)
    assert "sim-x-" not in kept
    assert "sim-linkedin-" not in kept
    assert "Bearer" not in kept


async def test_retrying_a_thread_whose_job_failed_sends_the_job_again(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.execute("UPDATE platform_states SET due_at = NULL")
    await fault(scene, "cut")
    await due(scene, thread_id)
    await scene.advance()
    problem = json.dumps({"code": "Unreachable", "detail": "Nobody home.", "remedy": "Retry."})
    await scene.execute(
        "UPDATE publishing_jobs SET status = 'failed', error = CAST(:error AS jsonb)", error=problem
    )
    await scene.execute("UPDATE platform_states SET status = 'failed', due_at = NULL")
    async with scene.tenant() as session:
        state = await workflows.retry(session, thread_id)
    assert state.status == "accepted"
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"


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


async def test_a_refused_job_is_over_and_cancelling_it_does_not_touch_its_thread(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "payment_required")
    await scene.advance()
    before = await scene.state(thread_id)
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict):
            await jobs.cancel(session, (await scene.job(thread_id))["id"])
    assert await scene.state(thread_id) == before


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


async def test_a_missed_post_that_waited_for_its_turn_is_a_missed_one_still(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    ids = [await approved(scene, schedule_for=in_an_hour) for _ in range(2)]
    await scene.advance()
    await _without_updated_at(scene, ids)
    for thread_id in ids:
        await missed(scene, thread_id, "2 hours")
    async with scene.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "ALTER TABLE publishing_jobs ENABLE TRIGGER trg_publishing_jobs_updated_at"
        )
    await scene.advance()
    await scene.execute("UPDATE rate_limits SET window_started_at = now()")  # another post went out meanwhile
    await scene.execute("UPDATE platform_states SET due_at = now() WHERE due_at IS NOT NULL")
    assert await scene.advance() == 1
    jobs_now = await scene.rows("SELECT status FROM publishing_jobs ORDER BY status")
    assert [job["status"] for job in jobs_now] == ["published", "scheduled"]


async def test_a_post_whose_id_only_a_person_knows_is_not_said_to_be_taken_down(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    async with scene.tenant() as session:
        job_id = (await scene.job(thread_id))["id"]
        await jobs.reconcile(session, job_id, "published", "https://x.com/ada/status/1")
    await scene.advance()
    post = await scene.row("SELECT id FROM posts")
    async with scene.tenant() as session:
        with pytest.raises(Conflict):
            await posts.request_takedown(session, post["id"])


async def test_a_takedown_that_the_platform_refuses_is_over_at_once(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "published"
    post = await scene.row("SELECT id FROM posts")
    async with scene.tenant() as session:
        await posts.request_takedown(session, post["id"])
    refusing = httpx.MockTransport(lambda _: httpx.Response(401))
    async with httpx.AsyncClient(transport=refusing) as http:
        scene.runtime.http = http
        await posts.take_down(scene.runtime, scene.principal.workspace_id, post["id"])
    assert (await scene.row("SELECT takedown_status FROM posts"))["takedown_status"] == "active"
    attempt = await scene.row("SELECT outcome FROM publishing_attempts WHERE kind = 'unpublish'")
    assert attempt["outcome"] == "refused"
    assert (await account(scene, "x"))["status"] == "token_expired"


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
