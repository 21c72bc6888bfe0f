"""What is out, and finding it again."""

from typing import Any

from tests.plugins.api import Api
from tests.plugins.author import Author


async def urls(author: Author, **query: Any) -> list[str]:
    answer = await author.user.get("/v1/posts", params=query)
    assert answer.status_code == 200, answer.text
    return [item["url"] for item in answer.json()["items"]]


async def test_posts_are_found_by_their_words(author: Author, api: Api) -> None:
    workflow = await author.drafted("linkedin", "x")
    for platform, words in (
        ("linkedin", "The harbour's lighthouses stand."),
        ("x", "Ships pass the harbour by."),
    ):
        review = await author.review(workflow, platform)
        assert (await author.decide(review, "edit", content=words)).status_code == 202
    workflow = await author.rested(workflow["id"])
    linkedin, x = (each["url"] for each in workflow["threads"])
    assert sorted(await urls(author)) == sorted([linkedin, x])
    assert sorted(await urls(author, q="HARBOUR")) == sorted([linkedin, x])
    assert await urls(author, q="lighthouses") == [linkedin]
    assert await urls(author, q="harbour -ships") == [linkedin]
    assert await urls(author, q='"pass the harbour"') == [x]
    assert sorted(await urls(author, q="lighthouses or ships")) == sorted([linkedin, x])
    assert await urls(author, q="submarine") == []
    assert len(await urls(author, q='"((&|!:*')) in {0, 2}
    assert await urls(author, platform="x") == [x]
    assert await urls(author, takedown_status="removed") == []
    (post,) = (await author.user.get("/v1/posts", params={"platform": "x"})).json()["items"]
    assert post["text"] == "Ships pass the harbour by."
    assert (post["simulated"], post["published"], post["takedown_status"]) == (True, True, "active")
    assert post["account_id"] == (await author.account("x"))["id"]

    assert (await author.user.get(f"/v1/posts/{post['id']}")).json() == post
    (job,) = (await author.user.get("/v1/publishing-jobs", params={"platform": "x"})).json()["items"]
    assert (post["workflow_id"], post["publishing_job_id"], job["post_id"]) == (
        workflow["id"],
        job["id"],
        post["id"],
    )
    assert (post["approved_by_name"], post["can_take_down"]) == (author.user.username, True)
    assert (post["source"]["type"], post["account_name"]) == ("text", job["account_name"])

    stranger, viewer = await api.user(), await api.member(author.user, "reviewer")
    path = f"/v1/posts/{post['id']}/unpublish"
    assert (await stranger.get("/v1/posts")).json()["items"] == []
    assert (await stranger.post(path)).status_code == 404
    assert (await stranger.get(f"/v1/posts/{post['id']}")).status_code == 404
    assert (await viewer.post(path)).status_code == 403
    assert (await author.user.get("/v1/posts", params={"q": ""})).status_code == 422
