"""Feeds that are followed: what is new starts a workflow, once, whatever the site or the workers do."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from core.db import Database
from core.http import guarded_client
from core.settings import Settings
from services.operations.routines import remove_gone_entries
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


@pytest.fixture
def follow(db: Database, settings: Settings, owner: User, feed_site: FeedSite) -> Any:
    async def follow(**rule: Any) -> Follower:
        backfill = rule.pop("backfill", 0)
        body = {"url": feed_site.url(), "rule": {**RULE, **rule}, "backfill": backfill}
        answer = await owner.post("/v1/feeds", json=body)
        assert answer.status_code == 201, answer.text
        return Follower(db, settings, owner, answer.json()["id"])

    return follow


async def test_what_is_new_starts_once_however_many_workers_look(follow: Any, feed_site: FeedSite) -> None:
    feed_site.publish("Green", "Black")
    feed = await follow()
    assert await feed.states() == {"Green": "seen", "Black": "seen"}
    assert await feed.look() == [0]
    feed_site.publish("White", "Green", "Black")
    assert sorted(await feed.look(at_once=3)) == [0, 0, 1]
    assert await feed.look() == [0]
    [workflow] = await feed.workflows()
    assert workflow["external_id"] == "White"
    assert workflow["source"] == {"type": "url", "url": feed_site.url("/White"), "title": "White", "id": None}
    [started] = await feed.entries(status="started")
    assert (started["title"], started["workflow_id"]) == ("White", workflow["id"])
    assert started["text"] == "All about White, in some words."


async def test_who_was_overtaken_writes_nothing(
    follow: Any, feed_site: FeedSite, db: Database, settings: Settings
) -> None:
    """One that was slower than its claim, or that died, and whose feed another has fetched meanwhile."""
    feed_site.publish("Green")
    feed = await follow()
    feed_site.publish("White", "Green")
    await feed.execute("UPDATE feeds SET next_fetch_at = now() - interval '1 second'")
    [slow] = await feed_polling.claim(db)
    assert await feed.look() == [1]
    async with guarded_client(settings, 5) as http:
        assert await feed_polling.fetch(db, http, slow) == 0
    assert len(await feed.workflows()) == 1


async def test_a_rule_that_changes_while_a_feed_is_fetched_holds(
    follow: Any, feed_site: FeedSite, owner: User, db: Database, settings: Settings
) -> None:
    feed_site.publish("Green")
    feed = await follow()
    feed_site.publish("White", "Green")
    await feed.execute("UPDATE feeds SET next_fetch_at = now() - interval '1 second'")
    [by_the_old_rule] = await feed_polling.claim(db)
    changed = await owner.patch(feed.path, json={"title": "Ours", "rule": {**RULE, "exclude": ["white"]}})
    assert changed.status_code == 200, changed.text
    async with guarded_client(settings, 5) as http:
        assert await feed_polling.fetch(db, http, by_the_old_rule) == 0
    assert await feed.look() == [0]
    assert await feed.states() == {"Green": "seen", "White": "filtered"}
    assert (await feed.feed())["title"] == "Ours"


async def test_another_guid_at_the_same_link_is_the_same_entry(follow: Any, feed_site: FeedSite) -> None:
    """But not where the link is the site itself, or when both are there."""
    feed_site.publish("Green|1", "Home|2|" + feed_site.url("/"))
    feed = await follow()
    feed_site.publish("Green|11|" + feed_site.url("/1"), "Home|12|" + feed_site.url("/"))
    assert await feed.look() == [1]
    assert [each["external_id"] for each in await feed.workflows()] == ["12"]
    both = [f"Green|{number}|" + feed_site.url("/1") for number in (11, 13)]
    feed_site.publish(*both)
    assert await feed.look() == [1]


async def test_what_a_feed_has_no_more_goes_in_time_and_never_starts_again(
    follow: Any, feed_site: FeedSite, db: Database, settings: Settings
) -> None:
    feed_site.publish("Black", "Oolong")
    feed = await follow()
    feed_site.publish("White", "Green", "Black", "Oolong")
    await feed.look()
    await feed.execute("UPDATE feed_entries SET seen_at = now() - interval '91 days'")
    await feed.look()
    assert await remove_gone_entries(db, settings) == 0, "all of it is still there"
    await feed.execute("UPDATE feed_entries SET seen_at = now() - interval '91 days'")
    assert await remove_gone_entries(db, settings) == 0, "and a feed that nobody could read has lost nothing"
    feed_site.publish("Red", "Black")
    await feed.look()
    assert await remove_gone_entries(db, settings) == 3
    assert {each["title"]: each["text"] != "" for each in await feed.entries()} == {
        "Red": True,
        "Black": True,
        "White": False,
        "Green": False,
    }
    feed_site.publish("Red", "White", "Green", "Black")
    assert await feed.look() == [0]
    assert len(await feed.workflows()) == 3


async def test_a_burst_starts_no_more_than_a_day_takes_and_people_start_the_rest(
    follow: Any, feed_site: FeedSite, owner: User
) -> None:
    feed_site.publish("First")
    feed = await follow(max_per_day=2)
    feed_site.publish(*(f"Cup {number}" for number in range(200)), "First")
    assert await feed.look() == [2]
    assert {each["title"] for each in await feed.entries(status="started")} == {"Cup 0", "Cup 1"}
    skipped = await feed.entries(status="skipped")
    assert len(skipped) == 198
    assert skipped[0]["note"] == "2 have been started within a day."
    feed_site.publish("Next", "Cup 0")
    assert await feed.look() == [0]

    path = f"{feed.path}/entries/{skipped[0]['id']}/start"
    answers = await asyncio.gather(owner.post(path), owner.post(path))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    assert len(await feed.workflows()) == 3
    await feed.execute(
        "UPDATE feed_entries SET started_at = now() - interval '25 hours' WHERE started_at IS NOT NULL"
    )
    feed_site.publish("After", "Next")
    assert await feed.look() == [1]


async def test_a_rule_chooses_by_whole_words_and_can_leave_the_start_to_people(
    follow: Any, feed_site: FeedSite
) -> None:
    feed_site.publish("Nothing")
    feed = await follow(include=["oolong", "GREEN"], exclude=["decaf"])
    feed_site.publish("Green tea", "Evergreen", "Oolong decaf")
    assert await feed.look() == [1]
    states = await feed.states()
    assert states == {
        "Nothing": "seen",
        "Green tea": "started",
        "Evergreen": "filtered",
        "Oolong decaf": "filtered",
    }
    await feed._owner.patch(feed.path, json={"rule": {**RULE, "start": False}})
    feed_site.publish("Green again")
    assert await feed.look() == [0]
    assert (await feed.states())["Green again"] == "seen"


async def test_what_is_there_starts_only_as_far_as_was_asked(follow: Any, feed_site: FeedSite) -> None:
    feed_site.publish("Green", "Black", "White")
    feed = await follow(backfill=1, exclude=["green"])
    assert await feed.states() == {"Green": "seen", "Black": "started", "White": "seen"}


async def test_nothing_new_costs_a_304_and_the_feed_says_how_often_it_wants_to_be_asked(
    follow: Any, feed_site: FeedSite
) -> None:
    daily = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency><ttl>60</ttl>"
    feed_site.publish("Green", more=daily, etag='"one"', last_modified="Mon, 02 Nov 2026 10:00:00 GMT")
    feed = await follow()
    assert (await feed.feed())["interval_seconds"] == 21_600
    assert await feed.look() == [0]
    _, headers = feed_site.asked[-1]
    assert headers["if-none-match"] == '"one"'
    assert headers["if-modified-since"] == "Mon, 02 Nov 2026 10:00:00 GMT"
    found = await feed.feed()
    assert (found["interval_seconds"], found["error"]) == (21_600, None)
    assert 19_000 < await feed.seconds_to_next() < 24_000
    feed_site.publish("Green", cache_control="public, max-age=5")
    await feed.look()
    assert (await feed.feed())["interval_seconds"] == 900


async def test_errors_wait_ever_longer_and_at_last_pause_the_feed(
    follow: Any, feed_site: FeedSite, owner: User
) -> None:
    feed_site.publish("Green")
    feed = await follow()
    feed_site.say("Gone fishing", status=500)
    await feed.look()
    assert 800 < await feed.seconds_to_next() < 1000
    feed_site.say("<html><p>No feed")
    await feed.look()
    found = await feed.feed()
    assert (found["error_count"], found["error"]) == (2, "What is at this address is no RSS or Atom feed.")
    assert 1600 < await feed.seconds_to_next() < 2000
    feed_site.say("", status=429, retry_after="7200")
    await feed.look()
    assert 7150 < await feed.seconds_to_next() < 8000
    await feed.execute("UPDATE feeds SET error_count = 9")
    await feed.look()
    found = await feed.feed()
    assert (found["status"], found["error"]) == (
        "paused",
        "It answered with HTTP 429. That was so 10 times in a row.",
    )
    asked = len(feed_site.asked)
    assert await feed.look() == [0]
    assert (await owner.post(f"{feed.path}/fetch")).json()["code"] == "FeedPaused"
    assert len(feed_site.asked) == asked
    feed_site.publish("White", "Green")
    resumed = (await owner.patch(feed.path, json={"status": "active"})).json()
    assert (resumed["status"], resumed["error"], resumed["error_count"]) == ("active", None, 0)
    fetched = (await owner.post(f"{feed.path}/fetch")).json()
    assert (fetched["started"], fetched["error"]) == (1, None)


async def test_a_feed_that_has_moved_or_is_gone(follow: Any, feed_site: FeedSite) -> None:
    feed_site.publish("Green")
    feed = await follow()
    feed_site.pages["/new.xml"] = feed_site.pages["/feed.xml"]
    feed_site.say(status=302, location="/new.xml")
    await feed.look()
    assert (await feed.feed())["url"] == feed_site.url()
    feed_site.say(status=301, location="/new.xml")
    await feed.look()
    assert (await feed.feed())["url"] == feed_site.url("/new.xml")
    feed_site.say(path="/new.xml", status=302, location="http://127.0.0.2:1/inside")
    await feed.look()
    assert (await feed.feed())["error"] == "127.0.0.2 is not an address on the public internet."
    feed_site.say(path="/new.xml", status=410)
    await feed.look()
    found = await feed.feed()
    assert (found["status"], found["error"][:20]) == ("paused", "It answered 410 Gone")


async def test_whoever_may_start_nothing_any_more_starts_nothing_by_a_feed(
    api: Api, follow: Any, feed_site: FeedSite, owner: User, db: Database, settings: Settings
) -> None:
    feed_site.publish("Green")
    editor = await api.member(owner, "editor")
    body = {"url": feed_site.url(), "rule": RULE}
    made = (await editor.post("/v1/feeds", json=body)).json()
    feed = Follower(db, settings, owner, made["id"])
    changed = await owner.patch(f"/v1/members/{editor.user_id}", json={"role": "viewer"})
    assert changed.status_code == 200, changed.text
    feed_site.publish("White", "Green")
    assert await feed.look() == [0]
    found = await feed.feed()
    assert found["status"] == "paused"
    assert found["error"].startswith("Whoever made the feed may start no workflows here any more.")
    [white, _] = await feed.entries()
    assert (white["title"], white["status"]) == ("White", "skipped")
    assert (await owner.patch(feed.path, json={"status": "active"})).json()["user_id"] == str(owner.user_id)
    assert (await owner.post(f"{feed.path}/entries/{white['id']}/start")).status_code == 202


async def test_a_rule_that_does_not_hold_any_more_pauses_the_feed(
    follow: Any, feed_site: FeedSite, owner: User
) -> None:
    feed_site.publish("Green")
    project = (await owner.post("/v1/projects", json={"title": "Tea"})).json()["id"]
    feed = await follow(project_id=project)
    await owner.delete(f"/v1/projects/{project}")
    feed_site.publish("White", "Black", "Green")
    assert await feed.look() == [0]
    found = await feed.feed()
    assert (found["status"], found["error"]) == ("paused", "There is no such project.")
    assert {title: state for title, state in (await feed.states()).items() if title != "Green"} == {
        "White": "skipped",
        "Black": "skipped",
    }


async def test_pages_are_written_from_where_the_rule_says_so(follow: Any, feed_site: FeedSite) -> None:
    feed_site.publish("Green")
    feed = await follow(content="page")
    words = "".join(f"<p>Cup number {number} takes {number} minutes to brew.</p>" for number in range(2, 30))
    feed_site.say(f"<html><body><article>{words}</article>", "/White", content_type="text/html")
    feed_site.publish("White", "Broken", "Green")
    assert await feed.look() == [1]
    broken = next(each for each in await feed.entries() if each["title"] == "Broken")
    assert (broken["status"], broken["note"]) == (
        "skipped",
        f"{feed_site.url('/Broken')} answered with HTTP 404.",
    )
    assert len(await feed.workflows()) == 1


async def test_nothing_is_written_from_a_page_that_was_not_read(
    follow: Any, feed_site: FeedSite, db: Database, settings: Settings
) -> None:
    """Since there was no room for it when the pages were: a day has passed meanwhile for another entry."""
    words = "<p>White tea takes five minutes to brew, at seventy degrees.</p>" * 9
    for title in ("White", "Red"):
        page = f"<html><body><article>{words}</article>"
        feed_site.say(page, f"/{title}", content_type="text/html")
    feed_site.publish("Green")
    feed = await follow(content="page", max_per_day=2)
    feed_site.publish("White", "Green")
    assert await feed.look() == [1]

    async def pass_a_day(request: httpx.Request) -> None:
        if request.url.path == "/Red":
            await feed.execute("UPDATE feed_entries SET started_at = now() - interval '25 hours'")

    feed_site.publish("Red", "Black", "White", "Green")
    await feed.execute("UPDATE feeds SET next_fetch_at = now() - interval '1 second'")
    async with guarded_client(settings, 5) as http:
        http.event_hooks = {"request": [pass_a_day]}
        [claimed] = await feed_polling.claim(db)
        assert await feed_polling.fetch(db, http, claimed) == 1
    assert (await feed.states())["Black"] == "skipped"
    assert len(await feed.workflows()) == 2


async def test_a_template_is_filled_by_the_entry(follow: Any, feed_site: FeedSite, owner: User) -> None:
    template = {"name": "News", "type": "twitter", "prompt": "On {title} ({url}) for {readers}: {text}"}
    template_id = (await owner.post("/v1/templates", json=template)).json()["id"]
    feed_site.publish("Green")
    body = {"url": feed_site.url(), "rule": {**RULE, "template_id": template_id}}
    refused = await owner.post("/v1/feeds", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/rule/template_input/readers"
    feed = await follow(template_id=template_id, template_input={"readers": "drinkers"}, backfill=1)
    [workflow] = await feed.workflows()
    assert workflow["template_input"] == {
        "title": "Green",
        "url": feed_site.url("/Green"),
        "readers": "drinkers",
        "text": "All about Green, in some words.",
    }
