"""The pages of feeds without a browser: looked at, followed, fetched, paused, and entries started."""

import re

import pytest

from core.settings import Settings
from tests.plugins.feed_site import FeedSite
from tests.plugins.web import Room, Visitor

HERE = "/library/feeds"


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


async def test_a_feed_is_looked_at_before_it_is_followed(ada: Visitor, feed_site: FeedSite) -> None:
    feed_site.publish("Green <b>tea", "Black tea")
    assert "No feed is followed yet." in await ada.see(HERE)
    assert HERE in await ada.see("/library")
    looked = await ada.submit(f"{HERE}/preview", {"url": feed_site.url()})
    assert looked.status_code == 200
    assert "Green &lt;b&gt;tea" in looked.text
    assert "No feed is followed yet." in await ada.see(HERE)

    [key] = re.findall(r'name="idempotency_key" value="([^"]+)"', looked.text)
    rule = {"platforms": ["x", "blog"], "include": "tea, coffee", "exclude": "", "content": "entry"}
    form = {**rule, "url": feed_site.url(), "max_per_day": "1", "backfill": "0", "start": "true"}
    followed = await ada.submit(HERE, {**form, "idempotency_key": key})
    assert followed.status_code == 303, followed.text
    again = await ada.submit(HERE, {**form, "idempotency_key": key})
    assert again.headers["location"] == followed.headers["location"]
    [feed] = (await ada.api.get("/v1/feeds")).json()["items"]
    assert (feed["rule"]["include"], feed["rule"]["platforms"]) == (["tea", "coffee"], ["x", "blog"])
    here = f"{HERE}/{feed['id']}"
    assert followed.headers["location"] == here

    feed_site.publish("White tea", "Oolong tea", "Water", "Green <b>tea", "Black tea")
    assert (await ada.submit(f"{here}/fetch")).status_code == 303
    shown = await ada.see(here)
    assert "1 have been started within a day." in shown
    assert "Water" in await ada.see(f"{here}?status=filtered")
    [start] = re.findall(rf'action="({here}/entries/[^"]+/start)"', await ada.see(f"{here}?status=skipped"))
    started = await ada.submit(start)
    assert re.fullmatch(r"/workflows/[0-9a-f-]{36}", started.headers["location"])
    assert started.headers["location"] in await ada.see(here)

    changed = {"platforms": ["linkedin"], "include": "", "max_per_day": "7", "content": "page"}
    assert (await ada.submit(f"{here}/rule", changed)).status_code == 303
    rule = (await ada.api.get(f"/v1/feeds/{feed['id']}")).json()["rule"]
    assert rule == {**feed["rule"], **changed, "include": [], "max_per_day": 7, "start": False}

    feed_site.say(status=500)
    await ada.submit(f"{here}/fetch")
    assert "It answered with HTTP 500." in await ada.see(HERE)
    await ada.submit(f"{here}/status", {"status": "paused"})
    paused = await ada.see(here)
    assert "Resume" in paused
    assert "Fetch now" not in paused
    await ada.submit(f"{here}/delete")
    assert "No feed is followed yet." in await ada.see(HERE)


async def test_what_is_wrong_is_said_and_viewers_only_look(
    room: Room, ada: Visitor, feed_site: FeedSite
) -> None:
    feed_site.say("<html>No feed")
    looked = await ada.submit(f"{HERE}/preview", {"url": feed_site.url()})
    assert looked.status_code == 422
    assert "is no RSS or Atom feed" in looked.text
    nothing = await ada.submit(HERE, {"url": feed_site.url(), "max_per_day": "5"})
    assert nothing.status_code == 422
    viewer = await room.colleague(ada, "viewer")
    assert "Look at it" not in await viewer.see(HERE)
    assert (await viewer.submit(f"{HERE}/preview", {"url": feed_site.url()})).status_code == 403
