"""Measuring a text as its platform does."""

from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.author import Author

MEASURED: list[tuple[dict[str, Any], int, list[str], str]] = [
    ({"platform": "x", "content": "Hello."}, 6, [], "0.015"),
    ({"platform": "x", "content": "See https://example.com/" + "a" * 300}, 27, [], "0.20"),
    ({"platform": "x", "content": "漢" * 141}, 282, ["too_long"], "0.015"),
    ({"platform": "x", "content": "👩‍👩‍👧"}, 2, [], "0.015"),
    ({"platform": "x", "content": " "}, 1, ["empty"], "0.015"),
    ({"platform": "linkedin", "content": "a" * 3001}, 3001, ["too_long"], "0"),
    ({"platform": "blog", "content": "Words."}, 6, ["title_missing"], "0"),
    (
        {"platform": "blog", "content": "Words.", "metadata": {"title": "t" * 256}},
        6,
        ["title_too_long"],
        "0",
    ),
    (
        {"platform": "x", "content": "Look.", "media": [{"url": "https://a.example/a.png"}]},
        5,
        ["alt_text_missing"],
        "0.015",
    ),
]


async def test_a_text_is_measured(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for body, length, codes, cost in MEASURED:
        with subtests.test(str(body)[:100]):
            answer = await user.post("/v1/validate", json=body)
            assert answer.status_code == 200, answer.text
            found = answer.json()
            assert (found["platform"], found["length"]) == (body["platform"], length)
            assert [violation["code"] for violation in found["violations"]] == codes
            assert all(
                violation["field"].startswith("/") and violation["remedy"]
                for violation in found["violations"]
            )
            assert found["valid"] is (codes == [])
            assert Decimal(found["cost_usd"]) == Decimal(cost)
            assert found["max_length"] > 0
            assert found["unit"]
            assert found["quota"] == []


async def test_bad_bodies_are_refused_by_field(api: Api) -> None:
    user = await api.user()
    for body, pointer in (
        ({"platform": "myspace", "content": "a"}, "/platform"),
        ({"platform": "x"}, "/content"),
        ({"platform": "x", "content": "a", "colour": "red"}, "/colour"),
        ({"platform": "x", "content": "a", "media": [{}]}, "/media/0/url"),
    ):
        answer = await user.post("/v1/validate", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    long = await user.post("/v1/validate", json={"platform": "x", "content": "x" * 1_000_001})
    assert long.status_code == 413


async def test_what_is_left_of_the_quota_is_told(author: Author) -> None:
    async def left() -> dict[str, Any]:
        answer = await author.user.post("/v1/validate", json={"platform": "x", "content": "Hi."})
        (quota,) = answer.json()["quota"]
        assert quota["account_id"] == (await author.account("x"))["id"]
        found: dict[str, Any] = quota
        return found

    before = await left()
    assert (before["limit"], before["remaining"], before["resets_at"]) == (100, 100, None)
    await author.published("x")
    after = await left()
    assert after["remaining"] == 99
    assert after["resets_at"] is not None
