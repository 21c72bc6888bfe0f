"""What people say to each other about a review."""

from tests.plugins.api import Api
from tests.plugins.author import Author


async def test_reviewers_comment_and_viewers_read(author: Author, api: Api) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    path = f"/v1/reviews/{review['id']}/comments"
    viewer, reviewer = await api.member(author.user, "viewer"), await api.member(author.user, "reviewer")
    assert (await viewer.get(path)).json() == {"items": [], "next_cursor": None}
    assert (await viewer.post(path, json={"body": "May I?"})).status_code == 403

    first = await reviewer.post(path, json={"body": " Is the figure right?\n\nI doubt it. "})
    assert first.status_code == 201, first.text
    said = first.json()
    assert (said["body"], said["author"], said["author_id"]) == (
        "Is the figure right?\n\nI doubt it.",
        reviewer.username,
        str(reviewer.user_id),
    )
    second = (await author.user.post(path, json={"body": "It is <b>measured</b>."})).json()
    page = (await viewer.get(path, params={"limit": 1})).json()
    assert page["items"] == [second]
    rest = await viewer.get(path, params={"cursor": page["next_cursor"]})
    assert rest.json() == {"items": [said], "next_cursor": None}

    assert (await author.user.delete(f"/v1/members/{reviewer.user_id}")).status_code == 204
    left = (await viewer.get(path)).json()["items"][1]
    assert (left["author"], left["body"]) == (None, said["body"])

    for body in ("", "  ", "x" * 10_001, "a\0b"):
        assert (await author.user.post(path, json={"body": body})).status_code == 422
    assert (await author.user.post(path, json={"body": "x" * 10_000})).status_code == 201
    stranger = await api.user()
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(path, json={"body": "Hello?"})).status_code == 404
