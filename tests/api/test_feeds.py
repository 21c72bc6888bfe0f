"""Feeds over the API: found behind a page, looked at before they are kept, and refused with a reason."""

from typing import Any

import pytest

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.feed_site import FeedSite

RULE: dict[str, Any] = {"platforms": ["x", "linkedin"]}


@pytest.fixture
def settings(settings: Settings, feed_site: FeedSite) -> Settings:
    return settings.model_copy(update={"allow_private": [feed_site.peer]})


async def test_the_feed_behind_a_page_is_looked_at_and_followed(api: Api, feed_site: FeedSite) -> None:
    user = await api.user()
    feed_site.publish("Green tea", "Black tea")
    page = (
        "<!DOCTYPE html><html><head><link rel=stylesheet href=/style.css>"
        "<link rel='ALTERNATE home' type='Application/RSS+xml; charset=utf-8' href=feed.xml></head><body>Tea"
    )
    feed_site.say(page, "/", content_type="text/html")
    preview = await user.post("/v1/feeds/preview", json={"url": feed_site.url("/"), "include": ["green"]})
    assert preview.status_code == 200, preview.text
    found = preview.json()
    assert (found["url"], found["title"], found["interval_seconds"]) == (feed_site.url(), "On tea", 3600)
    assert [(each["title"], each["matches"]) for each in found["entries"]] == [
        ("Green tea", True),
        ("Black tea", False),
    ]
    assert (await user.get("/v1/feeds")).json()["items"] == []

    made = await user.post("/v1/feeds", json={"url": feed_site.url("/"), "rule": RULE})
    assert made.status_code == 201, made.text
    feed = made.json()
    assert [each["title"] for each in feed["entries"]] == ["Green tea", "Black tea"]
    assert (feed["url"], feed["status"], feed["rule"]["max_per_day"]) == (feed_site.url(), "active", 5)
    there = (await user.get(made.headers["location"])).json()
    assert there == {name: value for name, value in feed.items() if name != "entries"}
    [entry, _] = (await user.get(f"{made.headers['location']}/entries")).json()["items"]
    other = (await user.post("/v1/feeds", json={"url": feed_site.url(), "rule": RULE})).json()
    wrong = await user.post(f"/v1/feeds/{other['id']}/entries/{entry['id']}/start")
    assert wrong.status_code == 404
    started = await user.post(f"{made.headers['location']}/entries/{entry['id']}/start")
    assert started.status_code == 202
    workflow = (await user.get(f"/v1/workflows/{started.json()['workflow_id']}")).json()
    assert [thread["platform"] for thread in workflow["threads"]] == RULE["platforms"]

    assert (await user.delete(made.headers["location"])).status_code == 204
    assert (await user.get(made.headers["location"])).status_code == 404
    assert (await user.get(f"/v1/workflows/{workflow['id']}")).status_code == 200


BAD_RULES: list[tuple[dict[str, Any], str]] = [
    ({"platforms": []}, "/rule/platforms"),
    ({"platforms": ["x", "x"]}, "/rule/platforms"),
    ({"max_per_day": 51}, "/rule/max_per_day"),
    ({"options": {"quality_bar": 101}}, "/rule/options/quality_bar"),
    ({"project_id": "01890000-0000-7000-8000-000000000000"}, "/rule/project_id"),
    ({"template_id": "01890000-0000-7000-8000-000000000000"}, "/rule/template_id"),
    ({"include": [" "]}, "/rule/include/0"),
]


async def test_a_rule_that_could_start_nothing_is_refused_before_anything_is_fetched(
    api: Api, feed_site: FeedSite, subtests: pytest.Subtests
) -> None:
    user = await api.user()
    for change, pointer in BAD_RULES:
        with subtests.test(str(change)):
            answer = await user.post("/v1/feeds", json={"url": feed_site.url(), "rule": {**RULE, **change}})
            assert answer.status_code == 422
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert feed_site.asked == []


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("<html><body>Nothing", "is no RSS or Atom feed, and names none."),
        (
            "<html><link rel=alternate type=application/atom+xml href=/feed.xml>",
            "The page names a feed that is none.",
        ),
        ("<rss version='2.0'><channel><item><title>&#xD800;</title></item>", "It is damaged"),
        ("<rss version='2.0'>" + " " * 5 * 1024 * 1024, "is larger than 5,242,880 bytes."),
    ],
    ids=["page", "page that lies", "damaged", "large"],
)
async def test_what_is_no_feed_is_said_so(api: Api, feed_site: FeedSite, page: str, says: str) -> None:
    user = await api.user()
    feed_site.say(page)
    answer = await user.post("/v1/feeds", json={"url": feed_site.url(), "rule": RULE})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("FeedUnreadable", "/url")
    assert says in problem["detail"]
    inside = await user.post("/v1/feeds", json={"url": "http://127.0.0.2:1/feed", "rule": RULE})
    assert "not an address on the public internet" in inside.json()["detail"]
    assert (await user.get("/v1/feeds")).json()["items"] == []
