"""The simulators refuse what the platforms refuse, spoken to without our adapters."""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from core.simulated import Simulated, ghost_key, linkedin_token, simulated_account, x_token, x_user_id
from tests.patience import PATIENCE_SECONDS

POST = {
    "author": "urn:li:organization:NAME",
    "commentary": "Words",
    "visibility": "PUBLIC",
    "distribution": {"feedDistribution": "MAIN_FEED"},
    "lifecycleState": "PUBLISHED",
}


@pytest.fixture
async def http(simulator_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator_url, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"s-{uuid4().hex[:12]}"


def linkedin(name: str, **changes: str) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {linkedin_token(name)}",
        "LinkedIn-Version": "202606",
        "X-Restli-Protocol-Version": "2.0.0",
    }
    return {key: value for key, value in {**headers, **changes}.items() if value}


def post(name: str, **changes: Any) -> dict[str, Any]:
    return {**POST, "author": f"urn:li:organization:{name}", **changes}


def x(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {x_token(name)}"}


def ghost(name: str, **changes: Any) -> dict[str, str]:
    key_id, _, secret = ghost_key(name).partition(":")
    now = int(time.time())
    claims = {"iat": now, "exp": now + 60, "aud": "/admin/", **changes}
    return {"Authorization": f"Ghost {jwt.encode(claims, bytes.fromhex(secret), 'HS256', {'kid': key_id})}"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"LinkedIn-Version": ""}, 400),
        ({"LinkedIn-Version": "202613"}, 400),
        ({"LinkedIn-Version": "202401"}, 426),
        ({"X-Restli-Protocol-Version": ""}, 400),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
async def test_linkedin_headers(
    http: httpx.AsyncClient, name: str, changes: dict[str, str], status: int
) -> None:
    headers = linkedin(name, **changes)
    assert (await http.post("/linkedin/rest/posts", json=post(name), headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 201),
        ({"unknown": 1}, 422),
        ({"visibility": "SECRET"}, 422),
        ({"commentary": "x" * 3001}, 422),
        ({"author": "urn:li:person:somebody-else"}, 403),
        ({"content": {"media": {"id": "urn:li:image:unknown"}}}, 400),
    ],
)
async def test_linkedin_bodies(
    http: httpx.AsyncClient, name: str, changes: dict[str, Any], status: int
) -> None:
    response = await http.post("/linkedin/rest/posts", json=post(name, **changes), headers=linkedin(name))
    assert response.status_code == status
    assert ("x-restli-id" in response.headers) == (status == 201)


async def test_linkedin_cuts_unescaped_text_and_says_nothing(http: httpx.AsyncClient, name: str) -> None:
    body = post(name, commentary="Seen (unseen) text")
    response = await http.post("/linkedin/rest/posts", json=body, headers=linkedin(name))
    page = await http.get(f"/linkedin/feed/update/{response.headers['x-restli-id']}")
    assert "Seen" in page.text
    assert "unseen" not in page.text


async def test_linkedin_lists_an_organisations_posts_and_no_members(
    http: httpx.AsyncClient, name: str
) -> None:
    await http.post("/linkedin/rest/posts", json=post(name), headers=linkedin(name))
    finder = linkedin(name, **{"X-RestLi-Method": "FINDER"})
    address = "/linkedin/rest/posts?q=author&author=urn%3Ali%3A{kind}%3A" + name
    listed = await http.get(address.format(kind="organization"), headers=finder)
    assert [element["commentary"] for element in listed.json()["elements"]] == ["Words"]
    assert (await http.get(address.format(kind="person"), headers=finder)).status_code == 403
    assert (await http.get(address.format(kind="organization"), headers=linkedin(name))).status_code == 400


async def test_linkedin_takes_150_a_day(http: httpx.AsyncClient, name: str) -> None:
    statuses = {
        (
            await http.post(
                "/linkedin/rest/posts", json=post(name, commentary=f"Post {n}"), headers=linkedin(name)
            )
        ).status_code
        for n in range(150)
    }
    assert statuses == {201}
    over = await http.post(
        "/linkedin/rest/posts", json=post(name, commentary="One more"), headers=linkedin(name)
    )
    assert over.status_code == 429


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "Words"}, 201),
        ({"text": "x" * 281}, 400),
        ({"text": ""}, 400),
        ({"text": "Words", "unknown": 1}, 400),
        ({"text": "Words", "media": {"media_ids": ["1"]}}, 400),
    ],
)
async def test_x_bodies(http: httpx.AsyncClient, name: str, body: dict[str, Any], status: int) -> None:
    response = await http.post("/x/2/tweets", json=body, headers=x(name))
    assert response.status_code == status
    assert "detail" in response.json() or "data" in response.json()


async def test_x_limits_and_says_so(http: httpx.AsyncClient, name: str) -> None:
    for number in range(100):
        response = await http.post("/x/2/tweets", json={"text": f"Post {number}"}, headers=x(name))
        assert response.headers["x-rate-limit-remaining"] == str(99 - number)
    over = await http.post("/x/2/tweets", json={"text": "One more"}, headers=x(name))
    assert over.status_code == 429
    assert 0 < int(over.headers["x-rate-limit-reset"]) - time.time() <= 15 * 60


async def test_x_answers_200_with_errors_for_what_is_gone(http: httpx.AsyncClient, name: str) -> None:
    tweet = (await http.post("/x/2/tweets", json={"text": "Words"}, headers=x(name))).json()["data"]["id"]
    assert (await http.delete(f"/x/2/tweets/{tweet}", headers=x(name))).json() == {"data": {"deleted": True}}
    for response in (
        await http.get(f"/x/2/tweets/{tweet}", headers=x(name)),
        await http.delete(f"/x/2/tweets/{tweet}", headers=x(name)),
    ):
        assert response.status_code == 200
        assert response.json()["errors"][0]["type"].endswith("resource-not-found")


async def test_x_shortens_links_and_escapes(http: httpx.AsyncClient, name: str) -> None:
    await http.post("/x/2/tweets", json={"text": "A & B example.com"}, headers=x(name))
    (tweet,) = (await http.get(f"/x/2/users/{x_user_id(name)}/tweets", headers=x(name))).json()["data"]
    (url,) = tweet["entities"]["urls"]
    assert tweet["text"] == f"A &amp; B {url['url']}"
    assert url["url"].startswith("https://t.co/")
    assert url["expanded_url"] == "http://example.com"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"iat": int(time.time()) - 3600}, 401),
        ({"exp": int(time.time()) - 10}, 401),
        ({"aud": "/other/"}, 401),
    ],
)
async def test_ghost_tokens(http: httpx.AsyncClient, name: str, changes: dict[str, Any], status: int) -> None:
    response = await http.get(f"/ghost/{name}/ghost/api/admin/posts/", headers=ghost(name, **changes))
    assert response.status_code == status


async def test_ghost_refuses_another_blogs_key_and_none(http: httpx.AsyncClient, name: str) -> None:
    address = f"/ghost/{name}/ghost/api/admin/posts/"
    assert (await http.get(address, headers=ghost("another"))).status_code == 401
    assert (await http.get(address, headers={"Authorization": "Ghost nonsense"})).status_code == 400
    assert (await http.get(address)).status_code == 403


async def test_ghost_posts(http: httpx.AsyncClient, name: str) -> None:
    address = f"/ghost/{name}/ghost/api/admin/posts/"

    async def create(**fields: Any) -> httpx.Response:
        return await http.post(f"{address}?source=html", json={"posts": [fields]}, headers=ghost(name))

    first = (await create(title="T", slug="s", html="<p>Hi</p><script>x</script>")).json()["posts"][0]
    second = (await create(title="T", slug="s")).json()["posts"][0]
    assert (first["slug"], second["slug"]) == ("s", "s-2")
    assert first["html"] == "<p>Hi</p>"
    assert (await create(title="t" * 256)).status_code == 422
    assert (await create()).status_code == 422

    async def edit(**fields: Any) -> httpx.Response:
        return await http.put(f"{address}{first['id']}/", json={"posts": [fields]}, headers=ghost(name))

    assert (await edit(status="published")).status_code == 422
    assert (await edit(status="published", updated_at="2020-01-01T00:00:00.000Z")).status_code == 409
    assert (await edit(status="published", updated_at=first["updated_at"])).status_code == 200
    assert (await http.get(f"/ghost/{name}/s/")).status_code == 200
    assert (await http.get(f"/ghost/{name}/s-2/")).status_code == 404
    for status in (204, 404):
        assert (await http.delete(f"{address}{first['id']}/", headers=ghost(name))).status_code == status


@pytest.mark.parametrize(
    ("file", "status"),
    [
        (("a.png", b"\x89PNG\r\n\x1a\nbroken", "image/png"), 400),
        (("a.txt", b"text", "text/plain"), 415),
        (("a.gif", b"GIF89a", "image/gif"), 201),
    ],
)
async def test_ghost_images(
    http: httpx.AsyncClient, name: str, file: tuple[str, bytes, str], status: int
) -> None:
    address = f"/ghost/{name}/ghost/api/admin/images/upload/"
    assert (await http.post(address, files={"file": file}, headers=ghost(name))).status_code == status


async def test_pages_show_text_and_never_run_it(http: httpx.AsyncClient, name: str) -> None:
    await http.post("/x/2/tweets", json={"text": "<img src=x onerror=alert(1)>"}, headers=x(name))
    query = {"platform": "x", "account": name}
    (entry,) = (await http.get("/_control/posts", params=query)).json()["items"]
    page = await http.get(entry["url"])
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.text
    assert "Simulated: this is not X." in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("platform", ["linkedin", "x", "blog", "instagram"])
def test_a_simulated_account_follows_from_its_name_alone(platform: Simulated) -> None:
    account = simulated_account(platform, "acme", "http://127.0.0.1:1/")
    assert account == simulated_account(platform, "acme", "http://127.0.0.1:1")
    assert account.credentials != simulated_account(platform, "other", "http://127.0.0.1:1").credentials
