"""What happens on the way to a platform, and after: times, accounts, failures, taking back."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from core.db import Database
from core.simulated import simulated_account
from tests.patience import PATIENCE_SECONDS
from tests.plugins.author import Author, thread


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_a_scheduled_post_waits_is_moved_and_goes_out_on_time(author: Author) -> None:
    workflow = await author.drafted("x", schedule_for=soon(3600))
    review = await author.accept(workflow, "x")
    assert review["schedule_for"] is not None
    workflow = await author.rested(workflow["id"])
    assert thread(workflow, "x")["status"] == "scheduled"
    assert workflow["status"] == "running"
    job = await author.job(workflow["id"])
    assert (job["status"], job["attempts"]) == ("scheduled", [])

    path = f"/v1/publishing-jobs/{job['id']}/reschedule"
    for bad in ("2020-01-01T00:00:00Z", "2031-01-01T00:00:00", "tomorrow", "9999-12-31T23:59:59Z"):
        answer = await author.user.post(path, json={"scheduled_for": bad})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/scheduled_for"
    at = soon(1.5)
    moved = await author.user.post(path, json={"scheduled_for": at})
    assert moved.json()["status"] == "scheduled"
    assert await author.on_platform("x") == []
    workflow = await author.until(workflow["id"], lambda found: found["status"] == "completed")
    assert thread(workflow, "x")["publishing_job"]["published_at"] >= at
    assert len(await author.on_platform("x")) == 1
    late = await author.user.post(path, json={"scheduled_for": soon(60)})
    assert (late.status_code, late.json()["code"]) == (409, "JobStatusConflict")
    assert late.json()["job_status"] == "published"


async def test_a_cancelled_job_does_not_go_out(author: Author) -> None:
    workflow = await author.drafted("x")
    await author.accept(workflow, "x", schedule_for=soon(3600))
    workflow = await author.rested(workflow["id"])
    job = await author.job(workflow["id"])
    answer = await author.user.post(f"/v1/publishing-jobs/{job['id']}/cancel")
    assert answer.json()["status"] == "cancelled"
    workflow = await author.rested(workflow["id"])
    assert workflow["status"] == thread(workflow, "x")["status"] == "cancelled"
    again = await author.user.post(f"/v1/publishing-jobs/{job['id']}/cancel")
    assert again.status_code == 409


async def test_a_post_without_an_account_is_held_until_it_gets_one(
    author: Author, simulator_url: str
) -> None:
    account = await author.account("blog")
    assert (await author.user.delete(f"/v1/accounts/{account['id']}")).status_code == 204
    workflow = await author.drafted("blog")
    review = await author.accept(workflow, "blog")
    assert review["account"] is None
    assert review["accounts"] == []
    workflow = await author.rested(workflow["id"])
    held = thread(workflow, "blog")
    assert (held["status"], held["publishing_job"]["status"]) == ("accepted", "held")
    assert held["publishing_job"]["error"]["code"] == "NoAccount"
    assert held["publishing_job"]["error"]["remedy"]

    path = f"/v1/publishing-jobs/{held['publishing_job']['id']}/retry"
    without = await author.user.post(path)
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "/account_id")
    other = await author.user.post(path, json={"account_id": (await author.account("x"))["id"]})
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/account_id")

    mine = simulated_account("blog", account["username"], simulator_url)
    body = {"platform": "blog", "url": mine.base_url, "credentials": dict(mine.credentials)}
    connected = await author.user.post("/v1/accounts", json=body)
    assert connected.status_code == 201, connected.text
    retried = await author.user.post(path, json={"account_id": connected.json()["id"]})
    assert retried.status_code == 202
    workflow = await author.rested(workflow["id"])
    assert workflow["status"] == "completed"
    (post,) = await author.on_platform("blog")
    assert post["url"] == thread(workflow, "blog")["url"]


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(author: Author) -> None:
    await author.fault("x", "lost_answer")
    workflow = await author.published("x")
    assert workflow["status"] == "completed"
    (post,) = await author.on_platform("x")
    assert thread(workflow, "x")["url"] == post["url"]
    attempts = (await author.job(workflow["id"]))["attempts"]
    assert [(each["kind"], each["outcome"]) for each in attempts] == [
        ("publish", "unknown"),
        ("find", "confirmed"),
    ]


async def test_a_platform_that_says_wait_is_waited_for(author: Author) -> None:
    await author.fault("linkedin", "rate_limited", seconds=2)
    workflow = await author.drafted("linkedin")
    await author.accept(workflow, "linkedin")
    workflow = await author.until(workflow["id"], lambda found: found["status"] == "completed")
    assert len(await author.on_platform("linkedin")) == 1
    first, second = (await author.job(workflow["id"]))["attempts"]
    assert (first["outcome"], second["outcome"]) == ("absent", "confirmed")
    waited = datetime.fromisoformat(second["started_at"]) - datetime.fromisoformat(first["ended_at"])
    assert waited >= timedelta(seconds=1.9)


async def test_a_lost_permission_holds_the_job_until_the_account_works_again(author: Author) -> None:
    await author.fault("linkedin", "unauthorized")
    workflow = await author.published("linkedin")
    job = thread(workflow, "linkedin")["publishing_job"]
    assert (job["status"], job["error"]["code"]) == ("held", "Reauthorize")
    account = await author.account("linkedin")
    assert account["status"] == "token_expired"
    assert account["error_message"]
    refused = await author.user.post(f"/v1/publishing-jobs/{job['id']}/retry")
    assert refused.status_code == 409

    tested = await author.user.post(f"/v1/accounts/{account['id']}/test")
    assert (tested.json()["status"], tested.json()["error_message"]) == ("active", None)
    assert (await author.user.post(f"/v1/publishing-jobs/{job['id']}/retry")).status_code == 202
    workflow = await author.rested(workflow["id"])
    assert workflow["status"] == "completed"
    assert len(await author.on_platform("linkedin")) == 1


async def test_a_refusal_goes_back_to_the_reviewer_in_the_platforms_words(author: Author) -> None:
    await author.fault("x", "payment_required")
    workflow = await author.drafted("x")
    first = await author.accept(workflow, "x")
    workflow = await author.until(
        workflow["id"], lambda found: thread(found, "x")["pending_review_id"] not in {None, first["id"]}
    )
    second = await author.review(workflow, "x")
    assert first["refusal"] is None
    assert "credits" in second["refusal"]["detail"].lower()
    refused = (await author.job(workflow["id"]))["error"]
    assert refused["detail"] == second["refusal"]["detail"]
    assert (await author.decide(second, "accept")).status_code == 202
    assert (await author.rested(workflow["id"]))["status"] == "completed"
    assert len(await author.on_platform("x")) == 1


async def test_what_nobody_can_know_is_asked_again_or_said_by_a_person(author: Author) -> None:
    await author.fault("x", "lost_answer")
    await author.fault("x", "unauthorized", step="read")
    workflow = await author.published("x")
    job = await author.job(workflow["id"])
    assert (job["status"], job["error"]["code"]) == ("unknown", "OutcomeUnknown")
    assert thread(workflow, "x")["status"] == "publishing"

    path = f"/v1/publishing-jobs/{job['id']}/reconcile"
    nowhere = await author.user.post(path, json={"outcome": "published"})
    assert (nowhere.status_code, nowhere.json()["errors"][0]["pointer"]) == (422, "/url")
    (post,) = await author.on_platform("x")
    said = await author.user.post(path, json={"outcome": "published", "url": post["url"]})
    assert said.status_code == 202
    workflow = await author.until(workflow["id"], lambda found: found["status"] == "completed")
    assert thread(workflow, "x")["url"] == post["url"]
    job = await author.job(workflow["id"])
    assert (job["attempts"][-1]["kind"], job["attempts"][-1]["outcome"]) == ("reconcile", "confirmed")
    assert job["attempts"][-1]["evidence"]["by"] == str(author.user.user_id)


async def test_a_thread_whose_job_failed_is_run_again_by_sending_it(author: Author, db: Database) -> None:
    account = await author.account("x")
    await author.fault("x", "unauthorized")
    workflow = await author.published("x")
    assert (await author.user.post(f"/v1/accounts/{account['id']}/test")).json()["status"] == "active"
    # As after half an hour of tries that did not reach the platform.
    async with db.service(author.user.workspace_id) as session:
        for table in ("publishing_jobs", "platform_states"):
            await session.execute(text(f"UPDATE {table} SET status = 'failed'"))
    found = await author.workflow(workflow["id"])
    assert found["status"] == "failed"
    answer = await author.user.post(f"/v1/threads/{thread(found, 'x')['thread_id']}/retry")
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert (await author.rested(workflow["id"]))["status"] == "completed"
    assert len(await author.on_platform("x")) == 1


async def test_a_mistake_is_taken_back(author: Author) -> None:
    workflow = await author.published("x")
    (post,) = (await author.user.get("/v1/posts")).json()["items"]
    answer = await author.user.post(f"/v1/posts/{post['id']}/unpublish")
    assert (answer.status_code, answer.json()["takedown_status"]) == (202, "takedown_pending")
    again = await author.user.post(f"/v1/posts/{post['id']}/unpublish")
    assert again.status_code == 409
    async with asyncio.timeout(PATIENCE_SECONDS):
        while post["takedown_status"] != "removed":
            await asyncio.sleep(0.02)
            (post,) = (await author.user.get("/v1/posts")).json()["items"]
    assert post["published"] is False
    assert [each["status"] for each in await author.on_platform("x")] == ["deleted"]
    assert (await author.job(workflow["id"]))["attempts"][-1]["kind"] == "unpublish"
