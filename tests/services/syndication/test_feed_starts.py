"""In whose name a feed starts workflows, by which rule, and from which words."""

import httpx

from core.db import Database
from core.http import guarded_client
from core.settings import Settings
from services.syndication import feed_polling
from tests.plugins.api import Api, User
from tests.plugins.feed_site import FeedSite
from tests.services.syndication.conftest import RULE, Follow, Follower


async def test_whoever_may_start_nothing_any_more_starts_nothing_by_a_feed(
    api: Api, follow: Follow, feed_site: FeedSite, owner: User, db: Database, settings: Settings
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
    follow: Follow, feed_site: FeedSite, owner: User
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


async def test_pages_are_written_from_where_the_rule_says_so(follow: Follow, feed_site: FeedSite) -> None:
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
    follow: Follow, feed_site: FeedSite, db: Database, settings: Settings
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


async def test_a_template_is_filled_by_the_entry(follow: Follow, feed_site: FeedSite, owner: User) -> None:
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
