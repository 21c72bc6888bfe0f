"""The inbox, what a decision needs, and who may take one."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.db import Database
from tests.plugins.api import Api
from tests.plugins.author import Author, Json, thread

NOBODY = "00000000-0000-7000-8000-000000000000"


async def ids(author: Author, **query: Any) -> list[str]:
    answer = await author.user.get("/v1/reviews", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_the_inbox_is_filtered(author: Author, api: Api) -> None:
    workflow = await author.drafted("linkedin", "x")
    other = await author.drafted("x")
    by_platform = {each["platform"]: each["pending_review_id"] for each in workflow["threads"]}
    (newest,) = [each["pending_review_id"] for each in other["threads"]]
    answer = await author.user.get("/v1/reviews", params={"status": "pending", "limit": 1})
    (item,) = answer.json()["items"]
    draft = thread(other, "x")["active_draft"]
    assert item["id"] == newest
    assert {name: item[name] for name in ("workflow_id", "thread_id", "platform", "status", "draft_id")} == {
        "workflow_id": other["id"],
        "thread_id": thread(other, "x")["thread_id"],
        "platform": "x",
        "status": "pending",
        "draft_id": draft["id"],
    }
    assert item["score"] == thread(other, "x")["evaluation"]["score"]
    assert draft["content"].startswith(item["opening"])
    assert (item["due_at"], item["assignee_id"]) == (None, None)
    assert item["created_at"]
    rest = await ids(author, status="pending", limit=1, cursor=answer.json()["next_cursor"])
    assert rest[0] in by_platform.values()

    assert await ids(author, platform="linkedin") == [by_platform["linkedin"]]
    assert set(await ids(author, workflow_id=workflow["id"])) == set(by_platform.values())
    me = str(author.user.user_id)
    path = f"/v1/reviews/{newest}"
    changed = await author.user.patch(path, json={"assignee_id": me, "due_at": "2040-05-01T09:00:00+02:00"})
    assert (changed.json()["assignee_id"], changed.json()["due_at"]) == (me, "2040-05-01T07:00:00Z")
    assert await ids(author, assignee="me") == await ids(author, assignee=me) == [newest]
    assert set(await ids(author, assignee="nobody")) == set(by_platform.values())
    cleared = await author.user.patch(path, json={"assignee_id": None})
    assert (cleared.json()["assignee_id"], cleared.json()["due_at"]) == (None, "2040-05-01T07:00:00Z")
    assert await ids(author, assignee="me") == []

    review = await author.review(other, "x")
    assert (await author.decide(review, "reject", feedback="Not ours to say.")).status_code == 202
    assert await ids(author, status="decided") == [newest]
    decided = (await author.user.get(path)).json()
    assert (decided["decision"], decided["comment"], decided["allowed"]) == ("reject", "Not ours to say.", [])
    assert decided["decided_by"] == me
    stranger = await api.user()
    assert (await stranger.get("/v1/reviews")).json()["items"] == []
    for bad in ({"status": "open"}, {"platform": "myspace"}, {"assignee": "you"}):
        assert (await author.user.get("/v1/reviews", params=bad)).status_code == 422


async def test_a_review_has_all_that_a_decision_needs(author: Author, api: Api) -> None:
    workflow = await author.drafted("blog")
    review = await author.review(workflow, "blog")
    assert review["draft"] == thread(workflow, "blog")["active_draft"]
    assert review["evaluation"] == thread(workflow, "blog")["evaluation"]
    for finding in review["evaluation"]["findings"].values():
        assert finding["quote"] in review["draft"]["content"] or finding["quote"] in str(
            review["draft"]["metadata"]
        )
    assert review["preview"]["kind"] == "article"
    assert "<p>" in review["preview"]["html"]
    assert len(review["seen_hash"]) == 64
    assert review["allowed"] == ["accept", "edit", "regenerate", "reject"]
    account = await author.account("blog")
    assert review["account"]["id"] == account["id"]
    assert [each["username"] for each in review["accounts"]] == [account["username"]]
    assert review["account"]["simulated"] is True
    assert (review["refusal"], review["schedule_for"]) == (None, None)
    assert (review["earlier_drafts"] == []) == (review["draft"]["sequence"] == 0)

    stranger = await api.user()
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"due_at": None}),
        ("POST", "/decision", {"decision": "accept", "seen_hash": review["seen_hash"]}),
    ):
        answer = await stranger.request(method, f"/v1/reviews/{review['id']}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


async def test_reviewers_decide_and_others_only_look(author: Author, api: Api) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    body = {"decision": "reject", "seen_hash": review["seen_hash"]}
    path = f"/v1/reviews/{review['id']}"
    viewer, reviewer = await api.member(author.user, "viewer"), await api.member(author.user, "reviewer")
    admin = await api.key(author.user, "read", "admin", "publishing:write")
    for user in (viewer, admin):
        assert (await user.get(path)).status_code == 200
        assert (await user.post(f"{path}/decision", json=body)).json()["code"] == "Forbidden"
        assert (await user.patch(path, json={"due_at": None})).status_code == 403
        many = await user.post(
            "/v1/reviews/decisions", json={"decisions": [{"review_id": review["id"], **body}]}
        )
        assert many.status_code == 403
    assigned = await author.user.patch(path, json={"assignee_id": str(reviewer.user_id)})
    assert assigned.status_code == 200
    assert (await reviewer.post(f"{path}/decision", json=body)).status_code == 202
    late = await author.decide(review, "accept")
    assert reviewer.username in late.json()["detail"]
    assert late.json()["decided_by"] == str(reviewer.user_id)
    assert late.json()["decided_by_name"] == reviewer.username


async def test_who_has_drafts_written_works_on_them_and_decides_nothing(author: Author, api: Api) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    path = f"/v1/reviews/{review['id']}"
    program = await api.key(author.user, "read", "workflows:write")
    edit = {"decision": "edit", "seen_hash": review["seen_hash"], "content": "Said by a program."}
    for decision in (
        {"decision": "accept", "seen_hash": review["seen_hash"]},
        {"decision": "reject", "seen_hash": review["seen_hash"]},
        {"decision": "regenerate", "seen_hash": review["seen_hash"], "feedback": "Shorter."},
        edit,
    ):
        refused = await program.post(f"{path}/decision", json=decision)
        assert (refused.status_code, "reviews:decide" in refused.json()["detail"]) == (403, True)
    assert (await program.patch(path, json={"assignee_id": str(author.user.user_id)})).status_code == 200
    assert (await program.post(f"{path}/comments", json={"body": "Please look."})).status_code == 201
    via = {"X-Proofroom-Via": "mcp"}
    drafted = await program.post(f"{path}/decision", json={**edit, "approve": False}, headers=via)
    assert drafted.status_code == 202, drafted.text
    decided = (await author.user.get(path)).json()
    assert (decided["decision"], decided["approved"], decided["decided_via"]) == ("edit", False, "mcp")
    rested = await author.rested(workflow["id"])
    assert thread(rested, "x")["status"] == "awaiting_review"
    assert thread(rested, "x")["active_draft"]["content"] == "Said by a program."
    assert (await program.post(f"{path}/decision", headers={"X-Proofroom-Via": "fax"})).status_code == 422


async def test_a_decided_review_says_what_was_approved_and_a_diff_what_changed(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    assert (review["edited"], review["approved"]) == (None, None)
    edited = review["draft"]["content"].split(".")[0] + ". Said by a person."
    assert (await author.decide(review, "edit", content=edited)).status_code == 202
    decided = (await author.user.get(f"/v1/reviews/{review['id']}")).json()
    assert decided["edited"] == {"content": edited, "metadata": None, "media": None}
    assert (decided["approved"], decided["names"]["decided_by_name"]) == (True, author.user.username)

    rested = await author.rested(workflow["id"])
    path = f"/v1/threads/{review['thread_id']}/drafts/diff"
    last = thread(rested, "x")["active_draft"]["id"]
    changed = (await author.user.get(path, params={"from": review["draft_id"], "to": last})).json()["changes"]
    assert "".join(each["text"] for each in changed if each["op"] != "insert") == review["draft"]["content"]
    assert "".join(each["text"] for each in changed if each["op"] != "delete") == edited
    back = (await author.user.get(path, params={"from": last, "to": review["draft_id"]})).json()["changes"]
    assert "".join(each["text"] for each in back if each["op"] != "delete") == review["draft"]["content"]
    unknown = await author.user.get(path, params={"from": NOBODY})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NotFound")


async def test_bad_decisions_are_refused_by_field(author: Author, subtests: pytest.Subtests) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    foreign = (await author.account("linkedin"))["id"]
    good: Json = {"decision": "accept", "seen_hash": review["seen_hash"]}
    bad: list[tuple[Json, str]] = [
        ({"decision": "maybe"}, "/decision"),
        ({"seen_hash": None}, "/seen_hash"),
        ({"seen_hash": "short"}, "/seen_hash"),
        ({"content": "Not with accept."}, "/content"),
        ({"colour": "red"}, "/colour"),
        ({"decision": "regenerate"}, "/feedback"),
        ({"decision": "regenerate", "feedback": "  "}, "/feedback"),
        ({"decision": "reject", "schedule_for": "2040-05-01T09:00:00Z"}, "/schedule_for"),
        ({"decision": "edit"}, ""),
        ({"decision": "edit", "content": 7}, "/content"),
        ({"decision": "edit", "content": "a\0b"}, "/content"),
        ({"decision": "edit", "content": "  "}, "/content"),
        ({"decision": "edit", "media": [{"url": "https://a.example/a.png"}]}, "/media/0/alt_text"),
        ({"decision": "edit", "media": [{"link": "x"}]}, "/media/0/url"),
        ({"schedule_for": "2020-05-01T09:00:00Z"}, "/schedule_for"),
        ({"schedule_for": "2040-05-01T09:00:00"}, "/schedule_for"),
        ({"account_id": str(uuid4())}, "/account_id"),
        ({"account_id": foreign}, "/account_id"),
    ]
    for change, pointer in bad:
        with subtests.test(str(change)):
            answer = await author.user.post(f"/v1/reviews/{review['id']}/decision", json={**good, **change})
            assert answer.status_code == 422, answer.text
            assert pointer in [error["pointer"] for error in answer.json()["errors"]]
            assert answer.json()["remedy"]
    unknown = await author.user.patch(f"/v1/reviews/{review['id']}", json={"assignee_id": NOBODY})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/assignee_id")
    assert (await author.review(workflow, "x"))["status"] == "pending"


async def test_of_many_decisions_each_has_an_answer_of_its_own(author: Author) -> None:
    workflow = await author.drafted("linkedin", "x", "blog")
    reviews = [await author.review(workflow, platform) for platform in ("linkedin", "x", "blog")]
    linkedin, x, blog = [{"review_id": each["id"], "seen_hash": each["seen_hash"]} for each in reviews]
    decisions = [
        {**linkedin, "decision": "accept"},
        {**x, "decision": "edit", "content": "long " * 100},
        {**linkedin, "decision": "reject"},
        {**blog, "seen_hash": "0" * 64, "decision": "accept"},
        {"review_id": NOBODY, "seen_hash": "0" * 64, "decision": "accept"},
        {**x, "decision": "reject"},
    ]
    key = {"Idempotency-Key": "many"}
    answer = await author.user.post("/v1/reviews/decisions", json={"decisions": decisions}, headers=key)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["status"] for item in items] == [202, 422, 409, 409, 404, 202]
    assert [item["review_id"] for item in items] == [each["review_id"] for each in decisions]
    codes = [item["problem"] and item["problem"]["code"] for item in items]
    assert codes == [None, "Invalid", "ReviewAlreadyDecided", "DraftChanged", "NotFound", None]
    assert items[0]["review"]["decision"] == "accept"
    assert items[5]["thread"]["status"] == "rejected"
    again = await author.user.post("/v1/reviews/decisions", json={"decisions": decisions}, headers=key)
    assert again.json() == answer.json()
    workflow = await author.rested(workflow["id"])
    assert [each["status"] for each in workflow["threads"]] == ["published", "rejected", "awaiting_review"]
    for many in (0, 101):
        body = {"decisions": [{**blog, "decision": "accept"}] * many}
        refused = await author.user.post("/v1/reviews/decisions", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/decisions")


async def test_many_decisions_are_told_as_they_were_when_the_call_was_cut(
    author: Author, db: Database
) -> None:
    """Each was committed, and the answer to all of them was not."""
    workflow = await author.drafted("linkedin", "x")
    reviews = [await author.review(workflow, platform) for platform in ("linkedin", "x")]
    decisions = [
        {"review_id": each["id"], "seen_hash": each["seen_hash"], "decision": "reject"} for each in reviews
    ]

    async def decide() -> httpx.Response:
        key = {"Idempotency-Key": "cut"}
        return await author.user.post("/v1/reviews/decisions", json={"decisions": decisions}, headers=key)

    async with db.engine.begin() as owner:
        await owner.exec_driver_sql(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cut' "
            "USING ERRCODE = 'admin_shutdown'; END $$; CREATE TRIGGER cut BEFORE INSERT ON idempotency_keys "
            "FOR EACH ROW WHEN (NEW.path = '/v1/reviews/decisions') EXECUTE FUNCTION cut()"
        )
    assert (await decide()).status_code == 503
    assert (await author.rested(workflow["id"]))["status"] == "completed"
    async with db.engine.begin() as owner:
        await owner.exec_driver_sql("DROP FUNCTION cut() CASCADE")
    again = await decide()
    assert [item["status"] for item in again.json()["items"]] == [202, 202], again.text
    assert [item["review"]["decision"] for item in again.json()["items"]] == ["reject", "reject"]
