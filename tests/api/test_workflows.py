"""Starting, reading and cancelling workflows; what is refused at the door."""

import asyncio
import time
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api, User
from tests.plugins.author import Author, thread

WAIT = 60
"""Seconds, the most that may be asked for: an answer that takes less came for a reason."""
BRIEF: dict[str, Any] = {"source": {"type": "text", "text": "Something worth saying."}, "platforms": ["x"]}


BAD: list[tuple[dict[str, Any], int, str, str]] = [
    (
        {"source": {"type": "text", "text": "a", "url": "https://a.example"}},
        422,
        "Invalid",
        "/source/url",
    ),
    ({"source": {"type": "carrier pigeon"}}, 422, "Invalid", "/source/type"),
    ({"source": {"text": "Of which type?"}}, 422, "Invalid", "/source/type"),
    ({"source": "text"}, 422, "Invalid", "/source"),
    ({"source": None}, 422, "Invalid", "/source"),
    ({"source": {"type": "file", "file_id": str(uuid4())}}, 422, "Invalid", "/source/file_id"),
    ({"source": {"type": "post", "post_id": str(uuid4())}}, 422, "Invalid", "/source/post_id"),
    ({"source": {"type": "url", "url": "ftp://a.example/x"}}, 422, "Invalid", "/source/url"),
    ({"source": {"type": "url", "url": "not an address"}}, 422, "Invalid", "/source/url"),
    ({"source": {"type": "url", "url": "http://127.0.0.1:1/"}}, 422, "AddressRefused", "/source/url"),
    ({"platforms": []}, 422, "Invalid", "/platforms"),
    ({"platforms": "x"}, 422, "Invalid", "/platforms"),
    ({"options": {"max_rounds": 0}}, 422, "Invalid", "/options/max_rounds"),
    ({"options": {"language": "!"}}, 422, "Invalid", "/options/language"),
    ({"options": {"mood": "sunny"}}, 422, "Invalid", "/options/mood"),
    ({"options": {"style_sample_ids": [str(uuid4())]}}, 422, "Invalid", "/options/style_sample_ids/0"),
    ({"schedule_for": "9999-12-31T23:59:59-12:00"}, 422, "Invalid", "/schedule_for"),
    ({"project_id": str(uuid4())}, 422, "Invalid", "/project_id"),
    ({"campaign_id": str(uuid4())}, 422, "Invalid", "/campaign_id"),
    ({"project_id": "mine"}, 422, "Invalid", "/project_id"),
    ({"mode": "template"}, 422, "Invalid", "/template_id"),
    ({"mode": "template", "template_id": str(uuid4())}, 422, "Invalid", "/template_id"),
    ({"template_id": str(uuid4())}, 422, "Invalid", "/template_id"),
    ({"mode": "automatic"}, 422, "Invalid", "/mode"),
    ({"external_id": "x" * 256}, 422, "Invalid", "/external_id"),
    ({"metadata": []}, 422, "Invalid", "/metadata"),
]
"""Beside those of test_bad_input.py."""


async def start(user: User, **brief: Any) -> dict[str, Any]:
    answer = await user.post("/v1/workflows", json={**BRIEF, **brief})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ids(user: User, **query: Any) -> list[str]:
    answer = await user.get("/v1/workflows", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_workflow_is_started_and_read(api: Api) -> None:
    user = await api.user()
    project = (await user.post("/v1/projects", json={"title": "Spring"})).json()["id"]
    brief = {
        **BRIEF,
        "platforms": ["blog", "x"],
        "options": {"quality_bar": 0, "keywords": ["tea"], "language": "de"},
        "project_id": project,
        "schedule_for": "2040-05-01T09:00:00+02:00",
        "external_id": "mine-1",
        "metadata": {"any": ["thing", 1]},
    }
    answer = await user.post("/v1/workflows", json=brief)
    assert answer.status_code == 202
    started = answer.json()
    assert answer.headers["location"] == f"/v1/workflows/{started['id']}"
    assert set(started) == {"id", "status", "threads"}
    assert [(each["platform"], each["status"]) for each in started["threads"]] == [
        ("blog", "generating"),
        ("x", "generating"),
    ]
    found = (await user.get(answer.headers["location"])).json()
    assert found["source"] == {"type": "text", "url": None, "title": None, "id": None}
    assert (found["options"]["quality_bar"], found["options"]["keywords"]) == (0, ["tea"])
    assert found["metadata"] == {"any": ["thing", 1]}
    assert found["schedule_for"] == "2040-05-01T07:00:00Z"
    assert (found["external_id"], found["project_id"]) == ("mine-1", project)
    assert Decimal(found["cost_usd"]) == 0
    assert [each["thread_id"] for each in found["threads"]] == [
        each["thread_id"] for each in started["threads"]
    ]
    for each in found["threads"]:
        assert {"active_draft", "evaluation", "pending_review_id", "publishing_job", "url", "error"} <= set(
            each
        )


async def test_lists_are_filtered_and_paged(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    project = (await user.post("/v1/projects", json={"title": "Spring"})).json()["id"]
    first = await start(user, external_id="a")
    second = await start(user, project_id=project)
    third = await start(user, external_id="a")
    assert await ids(user) == [third["id"], second["id"], first["id"]]
    assert await ids(user, external_id="a") == [third["id"], first["id"]]
    assert await ids(user, project_id=project) == [second["id"]]
    assert await ids(user, campaign_id=str(uuid4())) == []
    assert (await user.post(f"/v1/workflows/{first['id']}/cancel")).json()["status"] == "cancelled"
    assert await ids(user, status="cancelled") == [first["id"]]
    assert await ids(user, status="running") == [third["id"], second["id"]]
    page = (await user.get("/v1/workflows", params={"limit": 2})).json()
    assert await ids(user, limit=2, cursor=page["next_cursor"]) == [first["id"]]
    assert await ids(stranger) == []
    assert (await user.get("/v1/workflows", params={"status": "lost"})).status_code == 422


async def test_somebody_elses_workflow_is_not_there(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    started = await start(user)
    thread_id = started["threads"][0]["thread_id"]
    for method, path in (
        ("GET", f"/v1/workflows/{started['id']}"),
        ("GET", f"/v1/workflows/{started['id']}?wait=5"),
        ("POST", f"/v1/workflows/{started['id']}/cancel"),
        ("GET", f"/v1/threads/{thread_id}/drafts"),
        ("POST", f"/v1/threads/{thread_id}/retry"),
    ):
        answer = await stranger.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound"), path
    project = (await user.post("/v1/projects", json={"title": "Mine"})).json()["id"]
    answer = await stranger.post("/v1/workflows", json={**BRIEF, "project_id": project})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/project_id")


async def test_editors_start_and_cancel_and_viewers_read(api: Api) -> None:
    owner = await api.user()
    editor, reviewer = await api.member(owner, "editor"), await api.member(owner, "reviewer")
    reading, writing = await api.key(owner, "read"), await api.key(owner, "workflows:write")
    started = await start(editor)
    await start(writing)
    for user in (reviewer, reading):
        assert (await user.post("/v1/workflows", json=BRIEF)).json()["code"] == "Forbidden"
        assert (await user.post(f"/v1/workflows/{started['id']}/cancel")).status_code == 403
        retry = await user.post(f"/v1/threads/{started['threads'][0]['thread_id']}/retry")
        assert retry.status_code == 403
        assert (await user.get(f"/v1/workflows/{started['id']}")).status_code == 200
    assert (await writing.get("/v1/workflows")).status_code == 403
    assert (await api.client().get("/v1/workflows")).status_code == 401


async def test_bad_briefs_are_refused_by_field(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for change, status, code, pointer in BAD:
        with subtests.test(str(change)[:100]):
            answer = await user.post("/v1/workflows", json={**BRIEF, **change})
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (status, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert pointer in [error["pointer"] for error in problem["errors"]]
            assert problem["detail"]
            assert problem["remedy"]
    assert await ids(user) == []


async def test_a_template_says_what_to_write(api: Api) -> None:
    user = await api.user()
    body = {"name": "How-to", "type": "blog", "prompt": "Write about {topic} for {audience}."}
    template = (await user.post("/v1/templates", json=body)).json()["id"]
    brief: dict[str, Any] = {"platforms": ["blog"], "mode": "template", "template_id": template}
    wanted = {"topic": "tea", "audience": "beginners"}
    answer = await user.post("/v1/workflows", json={**brief, "template_input": wanted})
    assert answer.status_code == 202, answer.text
    found = (await user.get(answer.headers["location"])).json()
    assert (found["mode"], found["template_id"], found["template_input"]) == ("template", template, wanted)
    for change, pointer in (
        ({"template_input": {"topic": "tea"}}, "/template_input/audience"),
        ({"template_input": {**wanted, "colour": "green"}}, "/template_input/colour"),
        ({"template_input": wanted, "platforms": ["blog", "x"]}, "/platforms/1"),
    ):
        answer = await user.post("/v1/workflows", json={**brief, **change})
        assert answer.status_code == 422
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_waiting_ends_with_the_next_change(author: Author) -> None:
    workflow = await author.drafted("x")
    started = time.monotonic()
    assert await author.workflow(workflow["id"], wait=0.6) == workflow
    assert time.monotonic() - started > 0.5

    waiting = asyncio.create_task(author.workflow(workflow["id"], wait=30))
    await asyncio.sleep(0.2)
    await author.accept(workflow, "x")
    changed = await waiting
    assert changed["threads"][0]["status"] != "awaiting_review"

    finished = await author.rested(workflow["id"])
    started = time.monotonic()
    assert await author.workflow(workflow["id"], wait=WAIT) == finished
    assert time.monotonic() - started < WAIT


async def test_every_draft_is_kept_with_its_scores_and_what_changed(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    old = review["draft"]["content"]
    await author.decide(review, "edit", content=f"{old[:60]} Try it.", approve=True)
    workflow = await author.rested(workflow["id"])
    path = f"/v1/threads/{thread(workflow, 'x')['thread_id']}/drafts"
    drafts = (await author.user.get(path)).json()["items"]
    assert [draft["sequence"] for draft in drafts] == list(range(len(drafts)))
    first, last = drafts[0], drafts[-1]
    assert (first["source"], first["model"], first["diff"]) == ("ai", "offline", [])
    assert (last["source"], last["model"]) == ("human", None)
    assert str(UUID(first["checkpoint_id"])) == first["checkpoint_id"]
    assert all(draft["evaluations"] for draft in drafts)
    kept = {
        op: "".join(each["text"] for each in last["diff"] if each["op"] in {"equal", op})
        for op in ("insert", "delete")
    }
    assert kept == {"insert": last["content"], "delete": drafts[-2]["content"]}


async def test_only_a_failed_thread_is_run_again(api: Api, db: Database) -> None:
    user = await api.user()
    started = await start(user)
    thread_id = started["threads"][0]["thread_id"]
    path = f"/v1/threads/{thread_id}/retry"
    assert (await user.post(path)).json()["code"] == "Conflict"
    async with db.service(user.workspace_id) as session:
        await session.execute(
            text(
                "UPDATE platform_states SET status = 'failed', error = 'no luck', due_at = NULL WHERE id = :id"
            ),
            {"id": thread_id},
        )
    assert (await user.get(f"/v1/workflows/{started['id']}")).json()["threads"][0]["error"] == "no luck"
    answer = await user.post(path)
    assert (answer.status_code, answer.json()["status"]) == (202, "generating")
    found = (await user.get(f"/v1/workflows/{started['id']}")).json()
    assert (found["status"], found["threads"][0]["error"]) == ("running", None)


async def test_who_says_what_it_has_waits_only_while_that_is_so(api: Api) -> None:
    user = await api.user()
    path = f"/v1/workflows/{(await start(user))['id']}"
    first = await user.get(path)
    known = {"If-None-Match": first.headers["etag"]}
    same = await user.get(path, params={"wait": 0.3}, headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    weakened = await user.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    assert weakened.status_code == 304, "a proxy that packs answers has made the tag a weak one"
    await user.post(f"{path}/cancel")
    began = time.monotonic()
    news = await user.get(path, params={"wait": WAIT}, headers=known)
    assert (news.status_code, news.json()["status"]) == (200, "cancelled")
    assert time.monotonic() - began < WAIT
