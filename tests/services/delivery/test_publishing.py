"""From an approval to a receipt: exactly the approved words, exactly once, whatever goes wrong on the way."""

import json

import pytest

from graphs.interrupts import Decision
from services import workflows
from services.delivery import jobs
from services.delivery.jobs import JobStatusConflict
from tests.plugins.ledger import account, approved, due, fault, published
from tests.plugins.scene import Scene


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


async def test_an_account_that_cannot_be_used_loses_no_place(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.execute("UPDATE connected_accounts SET status = 'token_expired'")
    await scene.advance()
    job = await scene.job(thread_id)
    assert (job["status"], job["error"]["code"]) == ("held", "Reauthorize")
    assert (await scene.row("SELECT count(*) AS places FROM rate_limits"))["places"] == 0


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


async def test_a_refused_job_is_over_and_cancelling_it_does_not_touch_its_thread(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "payment_required")
    await scene.advance()
    before = await scene.state(thread_id)
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict):
            await jobs.cancel(session, (await scene.job(thread_id))["id"])
    assert await scene.state(thread_id) == before
