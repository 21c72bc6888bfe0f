"""The ledger over HTTP; what happens on the way to a platform is shown in tests/flows."""

from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.author import Author


async def ids(author: Author, **query: Any) -> list[str]:
    answer = await author.user.get("/v1/publishing-jobs", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def scheduled(author: Author, platform: str) -> dict[str, Any]:
    workflow = await author.drafted(platform)
    await author.accept(workflow, platform, schedule_for="2040-05-01T09:00:00Z")
    await author.rested(workflow["id"])
    return await author.job(workflow["id"])


async def test_the_ledger_is_filtered_and_shows_every_attempt(author: Author, api: Api) -> None:
    workflow = await author.published("x")
    published, waiting = await author.job(workflow["id"]), await scheduled(author, "linkedin")
    assert await ids(author) == [waiting["id"], published["id"]]
    assert await ids(author, status="scheduled") == [waiting["id"]]
    assert await ids(author, platform="x") == [published["id"]]
    assert await ids(author, workflow_id=workflow["id"]) == [published["id"]]
    assert await ids(author, status="held") == []
    assert (published["status"], published["simulated"], published["error"]) == ("published", True, None)
    assert published["url"] == workflow["threads"][0]["url"]
    assert published["published_at"]
    (attempt,) = published["attempts"]
    assert (attempt["kind"], attempt["outcome"]) == ("publish", "confirmed")
    assert attempt["evidence"]["url"] == published["url"]
    assert published["receipt"]["url"] == published["url"]
    assert (waiting["scheduled_for"], waiting["url"]) == ("2040-05-01T09:00:00Z", None)
    assert waiting["account_id"] == (await author.account("linkedin"))["id"]
    assert await ids(author, status=["held", "scheduled", "published"]) == [waiting["id"], published["id"]]
    assert await ids(author, status=["held", "failed", "unknown"]) == []
    assert await ids(author, status=["scheduled", "published"], platform="x") == [published["id"]]
    first = await author.user.get(
        "/v1/publishing-jobs", params={"status": ["published", "scheduled"], "limit": 1}
    )
    cursor = first.json()["next_cursor"]
    assert await ids(author, status=["published", "scheduled"], limit=1, cursor=cursor) == [published["id"]]
    assert (waiting["remedies"], published["remedies"]) == (["reschedule", "cancel"], [])

    stranger = await api.user()
    assert (await stranger.get("/v1/publishing-jobs")).json()["items"] == []
    moved = {"scheduled_for": "2041-05-01T09:00:00Z"}
    for method, step, body in (
        ("GET", "", None),
        ("POST", "/cancel", None),
        ("POST", "/reschedule", moved),
        ("POST", "/retry", {}),
        ("POST", "/reconcile", {}),
    ):
        answer = await stranger.request(method, f"/v1/publishing-jobs/{waiting['id']}{step}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound"), step


async def test_a_receipt_says_what_was_approved_by_whom_and_where_it_came_from(author: Author) -> None:
    workflow = await author.drafted("x", text="Tea, and how we measured it.")
    review = await author.review(workflow, "x")
    said = {"content": "We measured tea.", "schedule_for": "2040-05-01T09:00:00Z"}
    assert (await author.decide(review, "edit", **said)).status_code == 202
    await author.rested(workflow["id"])
    job = await author.job(workflow["id"])
    approval = job["approval"]
    assert {name: approval[name] for name in ("decision", "decided_by", "decided_by_name", "bound")} == {
        "decision": "edit",
        "decided_by": str(author.user.user_id),
        "decided_by_name": author.user.username,
        "bound": True,
    }
    assert (approval["content"], approval["media"], approval["comment"]) == ("We measured tea.", [], None)
    assert len(approval["approved_hash"]) == 64
    account = await author.account("x")
    assert job["account_name"] in (account["display_name"], account["username"])
    assert job["source"] == {
        "type": "text",
        "title": None,
        "url": None,
        "opening": "Tea, and how we measured it.",
    }
    assert job["receipt"] is None


async def test_reviewers_move_and_cancel_and_editors_retry(author: Author, api: Api) -> None:
    job = await scheduled(author, "x")
    viewer, reviewer = await api.member(author.user, "viewer"), await api.member(author.user, "reviewer")
    deciding = await api.key(author.user, "read", "reviews:decide")
    moved = {"scheduled_for": "2041-05-01T09:00:00Z"}
    path = f"/v1/publishing-jobs/{job['id']}"
    for user in (viewer, deciding):
        for step, body in (("cancel", None), ("reschedule", moved), ("retry", {}), ("reconcile", {})):
            assert (await user.post(f"{path}/{step}", json=body)).status_code == 403
    for step in ("retry", "reconcile"):
        assert (await reviewer.post(f"{path}/{step}")).status_code == 403
        answer = await author.user.post(f"{path}/{step}")
        assert (answer.status_code, answer.json()["job_status"]) == (409, "scheduled")
    answer = await reviewer.post(f"{path}/reschedule", json=moved)
    assert answer.json()["scheduled_for"] == moved["scheduled_for"]
    assert (await reviewer.post(f"{path}/cancel")).json()["status"] == "cancelled"


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("reschedule", {}, "/scheduled_for"),
    ("reschedule", {"scheduled_for": None}, "/scheduled_for"),
    ("retry", {"account_id": "mine"}, "/account_id"),
    ("retry", {"colour": "red"}, "/colour"),
    ("reconcile", {"outcome": "maybe"}, "/outcome"),
    ("reconcile", {"outcome": "published", "url": "javascript:alert(1)"}, "/url"),
    ("reconcile", {"outcome": "published", "url": "https://x.com/" + "a" * 255}, "/url"),
]


async def test_bad_bodies_are_refused_by_field(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for step, body, pointer in BAD:
        with subtests.test(f"{step} {body}"[:100]):
            path = f"/v1/publishing-jobs/00000000-0000-7000-8000-000000000000/{step}"
            answer = await user.post(path, json=body)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
