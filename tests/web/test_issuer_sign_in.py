"""Signing in at the issuer, from the sign-in page and back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import HttpUrl, SecretStr

from core.db import Database
from core.settings import Settings
from tests.plugins.issuer import CLIENT_ID, CLIENT_SECRET, Elsewhere
from tests.plugins.web import Room, Visitor
from web.app import create_app


@pytest.fixture
def settings(settings: Settings, issuer: Elsewhere) -> Settings:
    client = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": SecretStr(CLIENT_SECRET)}
    return settings.model_copy(
        update={"oidc_issuer": issuer.url, "public_url": HttpUrl("http://localhost")} | client
    )


@pytest.fixture
async def plain(settings: Settings, db: Database) -> AsyncIterator[Room]:
    """Without a client at the issuer."""
    bearer_only = settings.model_copy(update={"oidc_client_id": None})
    async with Room(create_app(bearer_only, database=db)) as made:
        yield made


async def leave(visitor: Visitor, where: str = "/auth/oidc") -> str:
    """To the issuer's page, whose address it returns."""
    away = await visitor.get(where)
    assert away.status_code == 303, away.text
    location: str = away.headers["location"]
    return location


async def test_there_and_back(room: Room, issuer: Elsewhere) -> None:
    visitor = room.visitor()
    page = await visitor.see("/?next=/inbox%3Fplatform%3Dx")
    assert 'href="/auth/oidc?next=/inbox%3Fplatform%3Dx"' in page
    assert "Continue with 127.0.0.1" in page
    away = await leave(visitor, "/auth/oidc?next=/inbox%3Fplatform%3Dx")
    assert away.startswith(f"{issuer.url}/authorize?tenant=1&")
    claims: dict[str, Any] = {"preferred_username": "ada", "email": "ada@example.com", "email_verified": True}
    back = await visitor.get(issuer.sign_in(away, "user_1", **claims))
    assert (back.status_code, back.headers["location"]) == (303, "/inbox?platform=x")
    profile = await visitor.see("/settings/profile")
    assert "ada@example.com" in profile

    again = room.visitor()
    await again.get(issuer.sign_in(await leave(again), "user_1"))
    assert "ada@example.com" in await again.see("/settings/profile"), "the same account"
    token = (await room.client(issuer.token("user_1")).get("/v1/me")).json()
    assert token["username"] == "ada", "for a program, too"


async def test_only_the_browser_that_began_can_end_it(room: Room, issuer: Elsewhere) -> None:
    began, other = room.visitor(), room.visitor()
    back = issuer.sign_in(await leave(began), "user_1")
    await leave(other)
    nobody = room.visitor()
    for visitor in (other, nobody):
        refused = await visitor.get(back)
        assert refused.status_code == 401
        assert "Signing in there did not work" in refused.text
    nobody.cookies.set("proofroom_oidc", "not sealed")
    assert (await nobody.get(back)).status_code == 401
    assert (await began.get(back)).status_code == 303


async def test_what_does_not_prove_who_signed_in_lets_nobody_in(room: Room, issuer: Elsewhere) -> None:
    visitor = room.visitor()
    await visitor.see("/")
    claimed: tuple[dict[str, Any], ...] = (
        {"nonce": "of another sign-in"},
        {"aud": "another client"},
        {"aud": [CLIENT_ID, "other"], "azp": "other"},
        {"iss": "https://evil.example"},
        {"exp": 1},
    )
    for claims in claimed:
        refused = await visitor.get(issuer.sign_in(await leave(visitor), "user_1", **claims))
        assert (refused.status_code, "proofroom_session" in visitor.cookies) == (401, False), claims
    location = await leave(visitor)
    back = issuer.sign_in(location, "user_1")
    for wrong in (
        back.replace("code=", "code=x"),
        f"{back.partition('&iss')[0]}&iss=https://evil.example",
        back.replace("code=", "error=access_denied&codes="),
    ):
        refused = await visitor.get(wrong)
        assert (refused.status_code, "did not" in refused.text or "refused" in refused.text) == (401, True)
    assert (await visitor.get("/inbox")).headers["location"] == "/?next=/inbox"


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_nobody_is_sent_elsewhere(room: Room, issuer: Elsewhere, next_: str) -> None:
    visitor = room.visitor()
    away = (await visitor.get("/auth/oidc", params={"next": next_})).headers["location"]
    assert (await visitor.get(issuer.sign_in(away, "user_1"))).headers["location"] == "/inbox"


async def test_an_issuer_that_is_not_there(room: Room, plain: Room, issuer: Elsewhere) -> None:
    issuer.silent = True
    visitor = room.visitor()
    page = await visitor.see("/auth/oidc", status=503)
    assert "cannot be asked" in page
    assert 'name="password"' in page, "the other way in stays"
    assert "Continue with" not in await plain.visitor().see("/")
    assert (await plain.visitor().get("/auth/oidc")).status_code == 404
