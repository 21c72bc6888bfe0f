"""What is new in a feed starts a workflow, once, whatever the site or the workers do."""

import asyncio

from core.db import Database
from core.settings import Settings
from services.operations.routines import remove_gone_entries
from tests.plugins.api import User
from tests.plugins.feed_site import FeedSite
from tests.services.syndication.conftest import RULE, Follow


async def test_what_is_new_starts_once_however_many_workers_look(follow: Follow, feed_site: FeedSite) -> None:
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


async def test_another_guid_at_the_same_link_is_the_same_entry(follow: Follow, feed_site: FeedSite) -> None:
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
    follow: Follow, feed_site: FeedSite, db: Database, settings: Settings
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
    follow: Follow, feed_site: FeedSite, owner: User
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
    follow: Follow, feed_site: FeedSite, owner: User
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
    await owner.patch(feed.path, json={"rule": {**RULE, "start": False}})
    feed_site.publish("Green again")
    assert await feed.look() == [0]
    assert (await feed.states())["Green again"] == "seen"


async def test_what_is_there_starts_only_as_far_as_was_asked(follow: Follow, feed_site: FeedSite) -> None:
    feed_site.publish("Green", "Black", "White")
    feed = await follow(backfill=1, exclude=["green"])
    assert await feed.states() == {"Green": "seen", "Black": "started", "White": "seen"}
