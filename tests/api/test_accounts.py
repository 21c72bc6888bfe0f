"""Connecting accounts: the platform is asked first, and what it was told never comes out again."""

from typing import Any

import pytest

from core.settings import Settings
from core.simulated import simulated_account
from platforms.registry import PlatformName
from tests.plugins.api import Api


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    """No simulated accounts: the simulators stand where an operator has configured the platforms."""
    return settings.model_copy(
        update={
            "linkedin_url": f"{simulator_url}/linkedin",
            "x_url": f"{simulator_url}/x",
            "allow_private": [simulator_url.removeprefix("http://")],
        }
    )


async def test_an_account_is_connected_tested_and_disconnected(api: Api, simulator_url: str) -> None:
    user, stranger = await api.user(), await api.user()
    blog = simulated_account("blog", "harbour", simulator_url)
    body: dict[str, Any] = {"platform": "blog", "url": blog.base_url, "credentials": dict(blog.credentials)}
    made = await user.post("/v1/accounts", json=body)
    assert made.status_code == 201, made.text
    account = made.json()
    assert (account["platform"], account["status"], account["simulated"]) == ("blog", "active", False)
    assert account["base_url"] == blog.base_url
    again = await user.post("/v1/accounts", json=body)
    assert again.json()["id"] == account["id"]

    x = simulated_account("x", "harbour", simulator_url)
    pasted = {name: f"{secret}\n" for name, secret in x.credentials.items()}
    answer = await user.post("/v1/accounts", json={"platform": "x", "credentials": pasted})
    assert (answer.status_code, answer.json()["username"]) == (201, "harbour")
    listed = await user.get("/v1/accounts")
    assert [item["platform"] for item in listed.json()["items"]] == ["x", "blog"]
    for secret in (*blog.credentials.values(), *x.credentials.values()):
        assert secret not in made.text + listed.text
    path = f"/v1/accounts/{account['id']}"
    assert (await user.get(path)).json()["id"] == account["id"]
    assert (await user.post(f"{path}/test")).json()["status"] == "active"
    for method, step in (("GET", ""), ("POST", "/test"), ("DELETE", "")):
        assert (await stranger.request(method, path + step)).status_code == 404

    assert (await user.delete(path)).status_code == 204
    assert (await user.get(path)).json()["status"] == "disconnected"
    assert (await user.post(f"{path}/test")).status_code == 409


PASTED = "sim-x-secret"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"platform": "myspace", "credentials": {}}, "/platform"),
    ({"platform": "x"}, "/credentials"),
    ({"platform": "x", "credentials": {}}, "/credentials/access_token"),
    ({"platform": "x", "credentials": {"access_token": ""}}, "/credentials/access_token"),
    ({"platform": "x", "credentials": {"access_token": "sim-x-a", "pin": "1"}}, "/credentials/pin"),
    ({"platform": "x", "credentials": {"access_token": "wrong"}}, "/credentials"),
    ({"platform": "x", "credentials": {"access_token": f"{PASTED}\u00f6"}}, "/credentials"),
    ({"platform": "linkedin", "credentials": {"access_token": f"{PASTED}\nBearer"}}, "/credentials"),
    ({"platform": "x", "url": "https://a.example", "credentials": {"access_token": "sim-x-a"}}, "/url"),
    ({"platform": "blog", "credentials": {"admin_api_key": "a:b"}}, "/url"),
    ({"platform": "blog", "url": "a.example", "credentials": {"admin_api_key": "a:b"}}, "/url"),
    (
        {"platform": "blog", "url": "https://u:p@a.example", "credentials": {"admin_api_key": "a:b"}},
        "/url",
    ),
    (
        {
            "platform": "blog",
            "url": "http://127.0.0.1:1",
            "credentials": {"admin_api_key": f"{'a' * 24}:{'b' * 64}"},
        },
        "/url",
    ),
]


async def test_what_cannot_be_connected_is_refused_by_field(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for body, pointer in REFUSED:
        with subtests.test(str(body)):
            answer = await user.post("/v1/accounts", json=body)
            assert answer.status_code == 422, answer.text
            assert pointer in [error["pointer"] for error in answer.json()["errors"]]
            assert answer.json()["remedy"]
            assert PASTED not in answer.text
            assert (await user.get("/v1/accounts")).json()["items"] == []


async def test_owners_connect_and_members_see(api: Api, simulator_url: str) -> None:
    owner = await api.user()
    editor, writing = await api.member(owner, "editor"), await api.key(owner, "read", "publishing:write")
    body = {"platform": "x", "credentials": dict(simulated_account("x", "mole", simulator_url).credentials)}
    account = (await owner.post("/v1/accounts", json=body)).json()
    for user in (editor, writing):
        assert len((await user.get("/v1/accounts")).json()["items"]) == 1
        assert (await user.post("/v1/accounts", json=body)).status_code == 403
        assert (await user.post(f"/v1/accounts/{account['id']}/test")).status_code == 403
        assert (await user.delete(f"/v1/accounts/{account['id']}")).status_code == 403


async def test_each_platform_says_what_it_wants_to_know(api: Api) -> None:
    user = await api.user()
    items = {item["name"]: item for item in (await user.get("/v1/platforms")).json()["items"]}
    assert set(items) == set(PlatformName)
    assert [field["name"] for field in items["blog"]["credentials"]] == ["admin_api_key"]
    assert [name for name, item in items.items() if item["needs_url"]] == ["blog", "email"]
    assert (items["x"]["max_length"], items["blog"]["title_max"]) == (280, 255)
