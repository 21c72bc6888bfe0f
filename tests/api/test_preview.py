"""What a brief is understood as and may cost, before it is started."""

from decimal import Decimal
from typing import Any

import pytest

from core.settings import Settings
from tests.plugins.api import Api, User

BRIEF = {
    "source": {"type": "text", "text": "We have made start-up four times as fast."},
    "platforms": ["x", "blog"],
    "options": {"max_rounds": 2},
}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With a model, unless a test says otherwise; it is never called."""
    changes = getattr(request, "param", {"offline": False, "openai_base_url": "http://127.0.0.1:9/v1"})
    return settings.model_copy(update=changes)


async def preview(user: User, **changes: object) -> dict[str, Any]:
    answer = await user.post("/v1/workflows/preview", json={**BRIEF, **changes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_brief_is_understood_and_bounded_and_nothing_is_kept(api: Api) -> None:
    user = await api.user()
    found = await preview(user)
    assert found["source"] == {
        "type": "text",
        "url": None,
        "title": None,
        "id": None,
        "words": 8,
        "characters": 41,
        "opening": "We have made start-up four times as fast.",
    }
    x, blog = found["platforms"]
    assert (x["platform"], x["max_length"], x["model_calls_max"]) == ("x", 280, 4)
    assert (blog["label"], found["budget_left_usd"]) == ("The blog", None)
    # Four answers of 16,384 tokens at 2 dollars a million are most of it.
    assert Decimal("0.13") < Decimal(x["cost_usd_max"]) < Decimal("0.20")
    total = Decimal(str(found["cost_usd_max"]))
    assert total == Decimal(x["cost_usd_max"]) + Decimal(blog["cost_usd_max"])
    assert (found["reading"], found["model_calls_max"]) == (
        {"model_calls_max": 0, "cost_usd_max": "0.000000"},
        8,
    )

    long = {"type": "text", "text": "word " * 100_000}
    more = await preview(user, source=long)
    reading = more["reading"]
    assert 17 <= reading["model_calls_max"] == more["model_calls_max"] - 8, (
        "100,000 words, at most 6,000 at once"
    )
    one = await preview(user, source=long, platforms=["x"])
    assert one["reading"] == reading, "once, for however many platforms"
    assert Decimal(more["cost_usd_max"]) > Decimal(reading["cost_usd_max"]) > 2 * total
    rule = "Never say “excited”. " * 20
    await user.post("/v1/style-rules", json={"rule": rule.strip(), "platform": "x"})
    ruled, same = (await preview(user))["platforms"]
    assert Decimal(ruled["cost_usd_max"]) > Decimal(x["cost_usd_max"])
    assert same == blog

    await user.post("/v1/budgets", json={"period": "month", "limit_usd": "5.00"})
    await user.post("/v1/budgets", json={"period": "day", "limit_usd": "1.50"})
    assert (await preview(user))["budget_left_usd"] == "1.500000"
    assert (await user.get("/v1/workflows")).json()["items"] == []


async def test_what_cannot_be_started_is_refused_in_the_same_words(api: Api) -> None:
    user = await api.user()
    bad: list[dict[str, Any]] = [
        {"source": {"type": "url", "url": "http://127.0.0.1:9/"}},
        {"source": None},
        {"schedule_for": "2020-01-01T00:00:00Z"},
        {"mode": "template", "template_id": str(user.user_id)},
        {"source": {"type": "file", "file_id": str(user.user_id)}},
        {"platforms": []},
    ]
    for changes in bad:
        refused = await user.post("/v1/workflows/preview", json={**BRIEF, **changes})
        started = await user.post("/v1/workflows", json={**BRIEF, **changes})
        assert refused.status_code == started.status_code == 422
        problems = [answer.json() for answer in (refused, started)]
        assert len({(problem["code"], problem["errors"][0]["pointer"]) for problem in problems}) == 1


@pytest.mark.parametrize("settings", [{"offline": True}], indirect=True)
async def test_the_offline_writer_costs_nothing(api: Api) -> None:
    assert (await preview(await api.user()))["cost_usd_max"] == "0.000000"


@pytest.mark.parametrize(
    "settings",
    [{"offline": False, "openai_base_url": "http://127.0.0.1:9/v1", "writer_model": "my-own"}],
    indirect=True,
)
async def test_the_price_of_an_unknown_model_is_not_guessed(api: Api) -> None:
    assert (await preview(await api.user()))["cost_usd_max"] is None
