"""The inbox as a person works through it: what is urgent first, found by project, score, age and words."""

import base64
from typing import Any

from core.db import Database
from services.reviewing import review_views
from services.reviewing.review_filters import Filters
from tests.plugins.api import Api
from tests.plugins.author import Author, Json, thread

OVERDUE, SOON = "2040-05-01T09:00:00Z", "2040-06-01T09:00:00Z"
"""A due time must be to come when it is set; in which order they are is what counts."""


async def inbox(author: Author, **query: Any) -> list[Json]:
    answer = await author.user.get("/v1/reviews", params=query)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def ids(author: Author, **query: Any) -> list[str]:
    return [item["id"] for item in await inbox(author, **query)]


async def test_what_is_due_comes_first_and_then_the_oldest(author: Author) -> None:
    first = await author.drafted("linkedin", "x", "blog")
    oldest = (await ids(author, status="pending"))[::-1]
    late = await author.drafted("x")
    (latest,) = [each["pending_review_id"] for each in late["threads"]]
    for review_id, due_at in ((latest, OVERDUE), (oldest[1], SOON)):
        changed = await author.user.patch(f"/v1/reviews/{review_id}", json={"due_at": due_at})
        assert changed.status_code == 200, changed.text
    expected = [latest, oldest[1], oldest[0], oldest[2]]
    assert await ids(author, sort="urgent") == expected
    assert await ids(author, sort="urgent", status="pending", workflow_id=first["id"]) == expected[1:]

    paged: list[str] = []
    query: Json = {"sort": "urgent", "limit": 1}
    while query.get("cursor", "") is not None:
        page = (await author.user.get("/v1/reviews", params=query)).json()
        paged += [item["id"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert paged == expected
    assert await ids(author, sort="urgent", platform="x") == [
        each for each in expected if each in _of_x(first, late)
    ]

    review = await author.review(late, "x")
    assert (await author.decide(review, "reject")).status_code == 202
    assert await ids(author, sort="urgent") == expected[1:]
    refused = await author.user.get("/v1/reviews", params={"sort": "urgent", "status": "decided"})
    assert (refused.status_code, "query.status" in refused.text) == (422, True)


def _of_x(*workflows: Json) -> set[str]:
    return {thread(each, "x")["pending_review_id"] for each in workflows}


async def test_reviews_are_found_by_project_score_age_and_words(author: Author, db: Database) -> None:
    project = (await author.user.post("/v1/projects", json={"title": "Spring"})).json()
    mine = await author.drafted("blog", project_id=project["id"])
    other = await author.drafted("x", text="We sell 100% real tea_leaves, and only those.")
    spring, tea = thread(mine, "blog")["pending_review_id"], thread(other, "x")["pending_review_id"]
    assert await ids(author, project_id=project["id"]) == [spring]

    by_id = {item["id"]: item for item in await inbox(author, include="names")}
    item = by_id[spring]
    review = await author.review(mine, "blog")
    assert item["names"] == {
        "quality_bar": 80,
        "project_id": project["id"],
        "project_title": "Spring",
        "account_name": (await author.account("blog"))["display_name"]
        or (await author.account("blog"))["username"],
        "assignee_name": None,
        "decided_by_name": None,
    }
    assert item["title"] == review["draft"]["metadata"]["title"]
    assert (item["seen_hash"], item["acceptable"], item["violation_count"]) == (review["seen_hash"], True, 0)
    assert by_id[tea]["title"] is None
    assert (await inbox(author))[0]["names"] is None

    low, high = sorted(each["score"] for each in by_id.values())
    of = {score: {each["id"] for each in by_id.values() if each["score"] == score} for score in (low, high)}
    assert set(await ids(author, min_score=high)) == of[high]
    assert set(await ids(author, max_score=low)) == of[low]
    assert await ids(author, max_score=0) == []

    older = min(by_id.values(), key=lambda each: str(each["created_at"]))
    newer = next(each for each in by_id.values() if each is not older)
    assert await ids(author, created_before=newer["created_at"]) == [older["id"]]
    assert await ids(author, created_after=newer["created_at"]) == [newer["id"]]

    assert await ids(author, q="REAL TEA_leaves") == [tea]
    assert await ids(author, q=item["title"].upper()) == [spring]
    assert (
        await ids(author, q="teaXleaves")
        == await ids(author, q="100% sugar")
        == await ids(author, q="\\")
        == []
    )

    async with db.reading(author.user.workspace_id, author.user.user_id) as connection:
        assert await review_views.count(connection, Filters()) == 2
        assert await review_views.count(connection, Filters(q="tea_leaves")) == 1


async def test_a_text_that_breaks_a_rule_cannot_be_accepted_from_the_list(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    sent_back = await author.decide(review, "edit", content="far too long " * 50, approve=False)
    assert sent_back.status_code == 202, sent_back.text
    again = await author.until(
        workflow["id"], lambda found: thread(found, "x")["pending_review_id"] not in (None, review["id"])
    )
    (item,) = await inbox(author, status="pending")
    assert item["id"] == thread(again, "x")["pending_review_id"]
    assert (item["acceptable"], item["violation_count"] > 0) == (False, True)


async def test_a_cursor_that_is_not_ours_is_refused(api: Api) -> None:
    user = await api.user()
    for plain in (b"[1]", b'[null, "x"]', b'["2040-05-01T09:00:00", "x", "x", "x"]'):
        cursor = base64.urlsafe_b64encode(plain).decode().rstrip("=")
        answer = await user.get("/v1/reviews", params={"cursor": cursor, "sort": "urgent"})
        assert (answer.status_code, "query.cursor" in answer.text) == (422, True)
