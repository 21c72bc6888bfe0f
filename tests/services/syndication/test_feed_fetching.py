"""Feeds are fetched as often as they want, by one worker at a time, and what goes wrong with them is said."""

from core.db import Database
from core.http import guarded_client
from core.settings import Settings
from services.syndication import feed_polling
from tests.plugins.api import User
from tests.plugins.feed_site import FeedSite
from tests.services.syndication.conftest import RULE, Follow


async def test_who_was_overtaken_writes_nothing(
    follow: Follow, feed_site: FeedSite, db: Database, settings: Settings
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
    follow: Follow, feed_site: FeedSite, owner: User, db: Database, settings: Settings
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


async def test_nothing_new_costs_a_304_and_the_feed_says_how_often_it_wants_to_be_asked(
    follow: Follow, feed_site: FeedSite
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
    follow: Follow, feed_site: FeedSite, owner: User
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


async def test_a_feed_that_has_moved_or_is_gone(follow: Follow, feed_site: FeedSite) -> None:
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
