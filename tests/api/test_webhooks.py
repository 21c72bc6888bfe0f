"""Webhooks as they are managed; what they are told: tests/services/webhooks."""

from typing import Any

import pytest

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.author import Author
from tests.plugins.receiver import Receiver

PUBLIC = "https://93.184.215.14/hook"


async def test_a_webhooks_life(api: Api) -> None:
    user = await api.user()
    answer = await user.post("/v1/webhooks", json={"url": PUBLIC, "events": ["job.status"]})
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/webhooks/{made['id']}")
    assert made["secret"].startswith("whsec_")
    assert (made["status"], made["events"], made["user_id"]) == ("active", ["job.status"], str(user.user_id))

    one = f"/v1/webhooks/{made['id']}"
    shown = (await user.get(one)).json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (await user.get("/v1/webhooks")).json()["items"] == [shown]
    changed = (await user.patch(one, json={"status": "paused", "events": []})).json()
    assert (changed["status"], changed["events"], changed["url"]) == ("paused", [], PUBLIC)
    assert (await user.patch(one, json={"status": "active"})).json()["status"] == "active"

    rotated = (await user.post(f"{one}/rotate-secret")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"]

    sent = (await user.post(f"{one}/test")).json()
    assert (sent["type"], sent["status"], sent["tries"]) == ("webhook.test", "pending", 0)
    assert (await user.get(f"{one}/deliveries")).json()["items"] == [sent]
    assert (await user.get(f"{one}/deliveries", params={"status": "dead"})).json()["items"] == []
    detail = (await user.get(f"/v1/webhooks/deliveries/{sent['id']}")).json()
    assert (detail["payload"], detail["attempts"]) == ({"webhook_id": made["id"]}, [])

    assert (await user.delete(one)).status_code == 204
    for gone in (one, f"{one}/deliveries", f"/v1/webhooks/deliveries/{sent['id']}"):
        assert (await user.get(gone)).status_code == 404


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://93.184.215.14/hook", "https:// addresses only"),
        ("https://127.0.0.1/hook", "not an address on the public internet"),
        ("https://169.254.169.254/latest", "not an address on the public internet"),
        ("https://[::ffff:10.0.0.1]/hook", "not an address on the public internet"),
        ("https://nowhere.invalid/hook", "cannot be resolved"),
        ("https://ada:secret@93.184.215.14/hook", "pattern"),
        ("ftp://93.184.215.14/hook", "pattern"),
        ("https://93.184.215.14:99999/hook", "port"),
    ],
)
async def test_addresses_that_are_refused(api: Api, url: str, why: str) -> None:
    user = await api.user()
    made = (await user.post("/v1/webhooks", json={"url": PUBLIC})).json()
    for answer in (
        await user.post("/v1/webhooks", json={"url": url}),
        await user.patch(f"/v1/webhooks/{made['id']}", json={"url": url}),
    ):
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/url"
        assert why in error["detail"]
    assert [each["url"] for each in (await user.get("/v1/webhooks")).json()["items"]] == [PUBLIC]


async def test_only_events_that_there_are(api: Api) -> None:
    user = await api.user()
    answer = await user.post("/v1/webhooks", json={"url": PUBLIC, "events": ["job.status", "nonsense"]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/events/1")


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Those tests that have a receiver may reach it."""
    if "receiver" not in request.fixturenames:
        return settings
    return settings.model_copy(update={"allow_private": [request.getfixturevalue("receiver").peer]})


async def test_from_brief_to_post_by_webhook_alone(receiver: Receiver, author: Author, worker: None) -> None:
    """A real worker tells a program, and it decides by what it was told."""
    made = await author.user.post("/v1/webhooks", json={"url": receiver.url()})
    secret = made.json()["secret"]
    started = await author.start("x")

    async def told(kind: str) -> dict[str, Any]:
        count = 1
        while True:
            heard = (await receiver.heard(count))[-1]
            assert heard.is_by(secret)
            if heard.message["type"] == kind:
                data: dict[str, Any] = heard.message["data"]
                return data
            count += 1

    requested = await told("review.requested")
    assert requested["workflow_id"] == started["id"]
    review = (await author.user.get(f"/v1/reviews/{requested['review_id']}")).json()
    await author.decide(review, "accept")
    published = await told("post.published")
    post = (await author.user.get(f"/v1/posts/{published['post_id']}")).json()
    assert post["url"] == published["url"]
