"""A feed that somebody follows, on a site of the test's own, and the worker's looks at it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.http import guarded_client
from core.settings import Settings
from services.syndication import feed_polling
from tests.plugins.api import Api, User
from tests.plugins.feed_site import FeedSite

Json = dict[str, Any]
RULE: Json = {"platforms": ["x"]}


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


@pytest.fixture
async def owner(api: Api) -> User:
    return await api.user()


class Follower:
    """Somebody's feed, and the worker's looks at it."""

    def __init__(self, db: Database, settings: Settings, owner: User, feed_id: UUID) -> None:
        self._db, self._settings, self._owner = db, settings, owner
        self.path = f"/v1/feeds/{feed_id}"

    async def look(self, at_once: int = 1) -> list[int]:
        """It is due, and each of so many workers sees to what it can claim: how many workflows each started."""
        await self.execute(
            "UPDATE feeds SET next_fetch_at = now() - interval '1 second' WHERE status = 'active'"
        )
        async with guarded_client(self._settings, 5) as http:

            async def work() -> int:
                claimed = await feed_polling.claim(self._db)
                return sum([await feed_polling.fetch(self._db, http, each) for each in claimed])

            return list(await asyncio.gather(*(work() for _ in range(at_once))))

    async def feed(self) -> Json:
        found: Json = (await self._owner.get(self.path)).json()
        return found

    async def entries(self, **wanted: Any) -> list[Json]:
        found: list[Json] = (
            await self._owner.get(f"{self.path}/entries", params={"limit": 200, **wanted})
        ).json()["items"]
        return found

    async def states(self) -> dict[str, str]:
        return {each["title"]: each["status"] for each in await self.entries()}

    async def workflows(self) -> list[Json]:
        found: list[Json] = (await self._owner.get("/v1/workflows", params={"limit": 200})).json()["items"]
        return found

    async def execute(self, statement: str) -> None:
        async with self._db.service() as session:
            await session.execute(text(statement))

    async def seconds_to_next(self) -> float:
        async with self._db.service() as session:
            left = text("SELECT extract(epoch FROM next_fetch_at - now()) FROM feeds")
            return float((await session.execute(left)).scalar_one())


Follow = Callable[..., Awaitable[Follower]]


@pytest.fixture
def follow(db: Database, settings: Settings, owner: User, feed_site: FeedSite) -> Follow:
    async def follow(**rule: Any) -> Follower:
        backfill = rule.pop("backfill", 0)
        body = {"url": feed_site.url(), "rule": {**RULE, **rule}, "backfill": backfill}
        answer = await owner.post("/v1/feeds", json=body)
        assert answer.status_code == 201, answer.text
        return Follower(db, settings, owner, answer.json()["id"])

    return follow
