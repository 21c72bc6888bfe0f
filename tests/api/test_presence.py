"""Who is looking at a review: told to the others when it changes, and forgotten when nobody says so any more."""

from typing import Any

from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api, User
from tests.plugins.author import Author, thread
from tests.plugins.events import begun, following, take

BRIEF = {"source": {"type": "text", "text": "Something to say."}, "platforms": ["x"]}
_SILENT = text("""
UPDATE review_presence SET seen_at = now() - interval '46 seconds'
WHERE user_id = (SELECT id FROM users WHERE username = :username)
""")


async def test_others_see_who_comes_and_goes(api: Api, author: Author, db: Database, live_url: str) -> None:
    owner, colleague = author.user, await api.member(author.user, "viewer")
    stranger = await api.user()
    drafted = await author.drafted("x")
    review_id = thread(drafted, "x")["pending_review_id"]
    address = f"/v1/reviews/{review_id}/presence"

    async def done(user: User, method: str) -> None:
        answer = await user.request(method, address)
        assert (answer.status_code, answer.content) == (204, b"")

    async def looking() -> list[str]:
        items = (await owner.get(address)).json()["items"]
        return [item["username"] for item in items]

    async def silent(user: User) -> None:
        async with db.service() as session:
            await session.execute(_SILENT, {"username": user.username})

    assert await looking() == []
    async with (
        following(live_url, owner, types="review.presence") as events,
        following(live_url, stranger) as others,
    ):
        position = await begun(events)
        await begun(others)

        async def told() -> list[str]:
            """Who looks now, as soon as that is another than before."""
            (event,) = await take(events, 1)
            payload: dict[str, Any] = event.json()
            assert (event.event, event.id) == ("review.presence", position)  # none of its own
            assert payload["review_id"] == review_id
            assert all(each.keys() == {"user_id", "username"} for each in payload["viewers"])
            return [each["username"] for each in payload["viewers"]]

        await done(colleague, "PUT")
        assert await told() == await looking() == [colleague.username]
        await done(colleague, "PUT")  # once more, of which nothing is told
        await done(owner, "PUT")
        assert await told() == await looking() == [colleague.username, owner.username]
        await silent(colleague)
        assert await looking() == [owner.username]
        await done(owner, "DELETE")
        # A feed that looked by itself meanwhile has told of the colleague's silence first.
        while (seen := await told()) == [owner.username]:
            pass
        assert seen == await looking() == []
        await done(owner, "DELETE")
        await done(colleague, "PUT")
        assert await told() == [colleague.username]

        # The next that the stranger hears of is their own.
        mine = (await stranger.post("/v1/workflows", json=BRIEF)).json()
        assert (await take(others, 1))[0].json()["workflow_id"] == mine["id"]

    for method in ("PUT", "DELETE", "GET"):
        answer = await stranger.request(method, address)
        assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")
