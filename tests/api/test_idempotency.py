"""The same key and body happen once; see api/transaction.py."""

import asyncio

import httpx
from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api, User

KEY = {"Idempotency-Key": "key-1"}


async def titles(user: User) -> list[str]:
    return [item["title"] for item in (await user.get("/v1/projects")).json()["items"]]


async def test_the_first_answer_is_said_again(api: Api) -> None:
    user = await api.user()
    first = await user.post("/v1/projects", json={"title": "one"}, headers=KEY)
    again = await user.post("/v1/projects", json={"title": "one"}, headers=KEY)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await titles(user) == ["one"]


async def test_where_it_is_is_said_again(api: Api) -> None:
    user = await api.user()
    brief = {"source": {"type": "text", "text": "Say it."}, "platforms": ["x"]}
    first, again = [await user.post("/v1/workflows", json=brief, headers=KEY) for _ in range(2)]
    assert first.headers["location"] == again.headers["location"] == f"/v1/workflows/{first.json()['id']}"
    assert again.headers["idempotent-replayed"] == "true"


async def test_an_answer_without_a_body_is_said_again(api: Api) -> None:
    user = await api.user()
    made = (await user.post("/v1/projects", json={"title": "one"})).json()
    answers = [await user.delete(f"/v1/projects/{made['id']}", headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert (await user.delete(f"/v1/projects/{made['id']}")).status_code == 404


async def test_a_key_stands_for_one_request(api: Api) -> None:
    user = await api.user()
    await user.post("/v1/projects", json={"title": "one"}, headers=KEY)
    for other in (
        await user.post("/v1/projects", json={"title": "two"}, headers=KEY),
        await user.post("/v1/resources", json={"title": "one"}, headers=KEY),
        await user.post("/v1/projects?x=1", json={"title": "one"}, headers=KEY),
    ):
        assert other.status_code == 422
    assert other.json()["code"] == "IdempotencyKeyReused"
    assert other.json()["errors"][0]["parameter"] == "header.Idempotency-Key"
    assert await titles(user) == ["one"]


async def test_a_key_belongs_to_its_workspace_and_its_user(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    colleague = await api.member(user, "editor")
    await user.post("/v1/projects", json={"title": "one"}, headers=KEY)
    apart = await stranger.post("/v1/projects", json={"title": "one"}, headers=KEY)
    assert (apart.status_code, await titles(stranger)) == (201, ["one"])
    shared = await colleague.post("/v1/projects", json={"title": "one"}, headers=KEY)
    assert shared.json()["code"] == "IdempotencyKeyReused"


async def test_what_failed_may_be_tried_again(api: Api) -> None:
    user = await api.user()
    assert (await user.post("/v1/projects", json={"title": ""}, headers=KEY)).status_code == 422
    assert (await user.post("/v1/projects", json={"title": "one"}, headers=KEY)).status_code == 201


async def test_twins_at_the_same_time_happen_once(api: Api) -> None:
    user = await api.user()

    async def send() -> httpx.Response:
        return await user.post("/v1/projects", json={"title": "one"}, headers=KEY)

    answers = await asyncio.gather(*(send() for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert await titles(user) == ["one"]


async def test_a_key_lasts_a_day(api: Api, db: Database) -> None:
    user = await api.user()
    await user.post("/v1/projects", json={"title": "one"}, headers=KEY)
    async with db.service() as session:
        lifetime = text("SELECT expires_at - now() > interval '23 hours' FROM idempotency_keys")
        assert (await session.execute(lifetime)).scalar_one()
        await session.execute(text("UPDATE idempotency_keys SET expires_at = now()"))
    assert (await user.post("/v1/projects", json={"title": "two"}, headers=KEY)).status_code == 201
    assert await titles(user) == ["two", "one"]


async def test_a_secret_in_an_answer_is_not_kept_in_the_clear(api: Api, db: Database) -> None:
    user = await api.user()
    made = await user.post("/v1/api-keys", json={"name": "bot"}, headers=KEY)
    again = await user.post("/v1/api-keys", json={"name": "bot"}, headers=KEY)
    assert again.json()["key"] == made.json()["key"]
    async with db.service() as session:
        kept = (await session.execute(text("SELECT response FROM idempotency_keys"))).scalar_one()
    assert made.json()["key"].encode() not in bytes(kept)


async def test_bad_keys_are_named(api: Api) -> None:
    user = await api.user()
    for key in ("", "a b", "x" * 256, "ü"):
        answer = await user.post(
            "/v1/projects", json={"title": "one"}, headers=[(b"Idempotency-Key", key.encode("latin-1"))]
        )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == "header.Idempotency-Key"
