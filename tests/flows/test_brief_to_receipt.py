"""The whole way over HTTP: a brief, three drafts, a person's decisions, three posts, once each."""

import asyncio

from tests.plugins.author import Author, thread, words


async def test_three_platforms_from_a_brief_to_their_receipts(author: Author) -> None:
    workflow = await author.drafted("linkedin", "x", "blog", external_id="spring-1")
    assert workflow["status"] == "awaiting_review"
    assert [each["platform"] for each in workflow["threads"]] == ["linkedin", "x", "blog"]
    for each in workflow["threads"]:
        assert each["status"] == "awaiting_review"
        assert each["evaluation"]["draft_id"] == each["active_draft"]["id"]
        assert 0 <= each["evaluation"]["score"] <= 100
        assert set(each["evaluation"]["criteria_scores"]) == set(each["evaluation"]["findings"])
        assert each["active_draft"]["model"] == each["evaluation"]["model"] == "offline"
        assert each["publishing_job"] is each["url"] is each["error"] is None

    accepted = await author.review(workflow, "linkedin")
    assert accepted["allowed"] == ["accept", "edit", "regenerate", "reject"]
    assert (await author.decide(accepted, "accept")).status_code == 202

    edited = await author.review(workflow, "x")
    answer = await author.decide(edited, "edit", content="Restore one backup before you go home today.")
    assert answer.status_code == 202
    assert answer.json()["thread"]["status"] == "accepted"

    article = await author.review(workflow, "blog")
    answer = await author.decide(article, "regenerate", feedback="Say more about what it costs.")
    assert answer.json()["review"]["decision"] == "regenerate"
    workflow = await author.until(
        workflow["id"], lambda found: thread(found, "blog")["pending_review_id"] not in {None, article["id"]}
    )
    again = await author.accept(workflow, "blog")
    assert again["earlier_drafts"][0]["id"] == article["draft"]["id"]

    workflow = await author.rested(workflow["id"])
    assert workflow["status"] == "completed"
    texts = {
        "linkedin": accepted["draft"]["content"],
        "x": "Restore one backup before you go home today.",
        "blog": again["draft"]["content"],
    }
    for platform, text in texts.items():
        (post,) = await author.on_platform(platform)
        found = thread(workflow, platform)
        assert post["status"] == found["status"] == "published"
        assert found["url"] == post["url"]
        assert found["active_draft"]["content"] == text
        assert found["publishing_job"]["status"] == "published"
        assert found["publishing_job"]["simulated"] is True
        shown = again["preview"]["html"] if platform == "blog" else text
        assert words(post["text"]) == words(shown)
    assert thread(workflow, "x")["active_draft"]["source"] == "human"

    late = await author.decide(accepted, "reject")
    assert late.status_code == 409
    assert late.json()["code"] == "ReviewAlreadyDecided"
    assert author.user.username in late.json()["detail"]
    assert late.json()["decision"] == "accept"


async def test_of_two_decisions_at_once_one_counts(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    answers = await asyncio.gather(author.decide(review, "accept"), author.decide(review, "reject"))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    accepted = answers[0].status_code == 202
    workflow = await author.rested(workflow["id"])
    assert thread(workflow, "x")["status"] == ("published" if accepted else "rejected")
    assert workflow["status"] == "completed"
    assert len(await author.on_platform("x")) == int(accepted)


async def test_a_decision_counts_for_what_was_seen_alone(author: Author) -> None:
    workflow = await author.drafted("x")
    seen = await author.review(workflow, "x")
    answer = await author.decide(seen, "edit", content="Shorter, and not approved yet.", approve=False)
    assert answer.json()["thread"]["status"] == "evaluating"
    workflow = await author.until(
        workflow["id"], lambda found: thread(found, "x")["pending_review_id"] not in {None, seen["id"]}
    )
    now = await author.review(workflow, "x")
    assert now["draft"]["content"] == "Shorter, and not approved yet."
    assert now["evaluation"] is not None

    stale = await author.decide({**now, "seen_hash": seen["seen_hash"]}, "accept")
    assert (stale.status_code, stale.json()["code"]) == (409, "DraftChanged")
    assert stale.json()["seen_hash"] == now["seen_hash"]
    assert (await author.decide(now, "accept")).status_code == 202
    await author.rested(workflow["id"])
    (post,) = await author.on_platform("x")
    assert post["text"] == "Shorter, and not approved yet."


async def test_an_edit_that_the_platform_would_not_take_is_refused(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    answer = await author.decide(review, "edit", content="long " * 100)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/content"
    assert answer.json()["remedy"]
    assert (await author.review(workflow, "x"))["status"] == "pending"


async def test_nothing_of_a_cancelled_workflow_goes_out(author: Author) -> None:
    workflow = await author.drafted("linkedin", "x")
    review = await author.review(workflow, "x")
    cancelled = await author.user.post(f"/v1/workflows/{workflow['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"
    assert [each["pending_review_id"] for each in cancelled.json()["threads"]] == [None, None]
    assert (await author.decide(review, "accept")).json()["code"] == "ReviewAlreadyDecided"
    again = await author.user.post(f"/v1/workflows/{workflow['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "Conflict")
    assert await author.on_platform("x") == await author.on_platform("linkedin") == []
