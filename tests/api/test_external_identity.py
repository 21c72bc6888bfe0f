"""Tokens of an issuer elsewhere: who they stand for, and which are refused."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import func, select

from core.db import Database
from core.settings import Registration, Settings
from models import Profile, User, Workspace
from tests.plugins.api import Api
from tests.plugins.api import User as Client
from tests.plugins.issuer import Elsewhere, Key, ec_key, rsa_key

AUDIENCE, APPLICATION = "https://proofroom.example.com", "https://app.example.com"


@pytest.fixture
def settings(settings: Settings, issuer: Elsewhere) -> Settings:
    return settings.model_copy(update={"oidc_issuer": issuer.url, "registration": Registration.CLOSED})


async def me(client: Client) -> dict[str, Any]:
    answer = await client.get("/v1/me")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refusal(api: Api, token: str, code: str = "InvalidToken") -> str:
    """Why a token is refused, which is also in the header that clients look at; and nothing of the token is."""
    answer = await api.client(token).get("/v1/me")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, code)
    why: str = problem["detail"]
    assert answer.headers["WWW-Authenticate"] == f'Bearer error="invalid_token", error_description="{why}"'
    assert not any(part in answer.text for part in token.split(".") if len(part) > 8)
    return why


async def test_who_is_vouched_for_has_an_account_from_the_first_call(
    api: Api, issuer: Elsewhere, db: Database
) -> None:
    """Though registration is closed: the issuer is the gate."""
    ada = await me(api.client(issuer.token("user_2abc")))
    assert (ada["username"], ada["role"], ada["scopes"]) == ("user_2abc", "owner", None)
    assert (ada["email"], ada["has_password"]) == (None, False)
    other_key = await me(api.client(issuer.token("user_2abc", key=issuer.keys[1])))
    assert (other_key["user_id"], other_key["workspace_id"]) == (ada["user_id"], ada["workspace_id"])
    assert issuer.read == 1
    writes = api.client(issuer.token("user_2abc"))
    made = await writes.post("/v1/projects", json={"title": "Mine"}, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    ended = await writes.post("/v1/auth/logout")
    assert (ended.status_code, ended.json()["code"]) == (409, "NotASession")


async def test_ten_first_calls_at_once_make_one_user(api: Api, issuer: Elsewhere, db: Database) -> None:
    clients = [api.client(issuer.token("user_1", preferred_username="ada")) for _ in range(10)]
    found = await asyncio.gather(*[me(client) for client in clients])
    assert {each["username"] for each in found} == {"ada"}
    async with db.service() as session:
        counts = [
            await session.scalar(select(func.count()).select_from(each))
            for each in (User, Profile, Workspace)
        ]
    assert counts == [1, 1, 1]
    assert issuer.read == 1


async def test_names_and_addresses_come_from_the_claims(api: Api, issuer: Elsewhere) -> None:
    verified = {"email_verified": True}
    cases: list[tuple[str, dict[str, Any], str | None, str | None]] = [
        ("1", {"preferred_username": "ada@corp.example"} | verified, "ada", None),
        ("2", {"email": "Grace.Hopper@Example.com"} | verified, "Grace.Hopper", "Grace.Hopper@example.com"),
        ("3", {"email": "mary@example.com", "email_verified": False}, "mary", None),
        ("4", {"email": "joan@example.com", "email_verified": "true"}, "joan", None),
        ("auth0|5", {"email": "\ud800@x", "preferred_username": "Ü"} | verified, "auth0-5", None),
        ("…", {"preferred_username": 7}, "user", None),
        ("\N{GRINNING FACE}", {"name": "Zoë"}, None, None),
        ("8", {"preferred_username": "x" * 80, "name": "n" * 200}, "x" * 50, None),
        ("9", {"preferred_username": "X" * 80}, None, None),
    ]
    for sub, claims, username, email in cases:
        found = await me(api.client(issuer.token(sub, **claims)))
        assert (found["username"] if username else None, found["email"]) == (username, email), sub
        assert len(found["username"]) <= 50
    assert found["username"].startswith("X" * 43 + "-")


async def test_an_account_is_never_taken_over_by_its_address(api: Api, issuer: Elsewhere) -> None:
    here = await api.user("ada")
    claims: dict[str, Any] = {"preferred_username": "Ada", "email": "ada@example.com", "email_verified": True}
    elsewhere = await me(api.client(issuer.token("user_1", **claims)))
    assert elsewhere["user_id"] != str(here.user_id)
    assert elsewhere["email"] is None
    assert elsewhere["username"].startswith("Ada-")


async def test_workspaces_and_roles_are_those_of_any_member(api: Api, issuer: Elsewhere) -> None:
    owner = await api.user()
    guest = api.client(issuer.token("user_1"))
    there = {"X-Workspace-Id": str(owner.workspace_id)}
    assert (await guest.get("/v1/me", headers=there)).status_code == 404
    assert (await guest.get("/v1/me", headers={"X-Workspace-Id": "no"})).status_code == 422
    token = (await owner.post("/v1/invitations", json={"role": "reviewer"})).json()["token"]
    assert (await guest.post("/v1/invitations/accept", json={"token": token})).status_code == 200
    assert (await guest.get("/v1/me", headers=there)).json()["role"] == "reviewer"
    assert (await guest.get("/v1/api-keys", headers=there)).status_code == 403
    assert (await guest.get("/v1/api-keys")).status_code == 200


async def test_what_is_not_the_issuers_word_is_refused(
    api: Api, issuer: Elsewhere, capsys: pytest.CaptureFixture[str]
) -> None:
    rsa, now = issuer.keys[0], int(time.time())
    stranger = Key(rsa.kid, "ES256", ec_key("x").private)
    public = rsa.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    good = issuer.token("user_1")
    _, payload, signature = good.split(".")
    payload_of_eve = _packed(issuer.claims("eve"))
    not_text = issuer.claims("x") | {"sub": 7}
    unsigned = _packed({"alg": "none", "typ": "JWT", "kid": rsa.kid})
    forged = _packed({"alg": "HS256", "typ": "JWT", "kid": rsa.kid})
    by_public_key = jwt.api_jws.get_algorithm_by_name("HS256").sign(
        f"{forged}.{payload_of_eve}".encode(), public
    )
    cases = {
        "algorithm": [
            f"{unsigned}.{payload}.",
            f"{unsigned}.{payload}.{signature}",
            f"{forged}.{payload_of_eve}.{_b64(by_public_key)}",
            f"{_packed({'alg': ['RS256']})}.{payload}.{signature}",
        ],
        "signature is wrong": [f"{good.split('.')[0]}.{payload_of_eve}.{signature}"],
        "does not have": [
            issuer.sign(issuer.claims("user_1"), stranger),
            issuer.sign(issuer.claims("user_1"), ec_key("unknown")),
        ],
        "malformed": ["a.b.c", "..", f"{good[:-1]}!", issuer.token("user_1", exp="soon"), issuer.sign(not_text)],
        "another issuer": [issuer.token("user_1", iss=each) for each in (f"{issuer.url}/", "https://evil.example", None)],
        "has expired": [issuer.token("user_1", exp=now - 31)],
        "not valid yet": [issuer.token("user_1", nbf=now + 60), issuer.token("user_1", iat=now + 60)],
        "has no exp": [issuer.token("user_1", exp=None)],
        "has no iat": [issuer.token("user_1", iat=None)],
        "has no sub": [issuer.sign(issuer.claims("x") | {"sub": None})],
        "subject": [issuer.token(each) for each in ("", "x" * 256, "a\0b", "\ud800")],
        "for calling an API": [issuer.sign(issuer.claims("user_1"), typ="logout+jwt")],
        "pending": [issuer.token("user_1", sts="pending")],
    }  # fmt: skip
    for why, tokens in cases.items():
        for token in tokens:
            assert why in await refusal(api, token), (why, token)
    logged = capsys.readouterr().out
    assert "route='/v1/me' status=401" in logged
    assert payload not in logged
    assert signature not in logged
    for token in (
        issuer.token("user_1", exp=now - 20, iat=now + 20, nbf=now + 20),
        issuer.token("x" * 255),
        issuer.sign(issuer.claims("user_1"), typ="at+jwt"),
        issuer.token("user_1", aud="anything", azp="https://anybody.example"),
    ):
        await me(api.client(token))


async def test_a_short_key_proves_nothing(api: Api, issuer: Elsewhere) -> None:
    issuer.keys.append(Key("short", "RS256", rsa_key(1024)))
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = issuer.token("user_1", key=issuer.keys[-1])
    assert "too short" in await refusal(api, token)


async def test_who_a_token_is_for_and_to_whom_it_was_given(
    settings: Settings, db: Database, issuer: Elsewhere
) -> None:
    from api.app import create_app

    strict = {"oidc_audience": [AUDIENCE, "other"], "oidc_authorized_parties": [APPLICATION]}
    async with Api(create_app(settings.model_copy(update=strict), database=db)) as api:
        others: tuple[Any, ...] = (None, "https://elsewhere.example", [])
        for other in others:
            assert "another audience" in await refusal(api, issuer.token("user_1", aud=other))
        for azp in ("https://evil.example", ["https://app.example.com"], ""):
            assert "(azp)" in await refusal(api, issuer.token("user_1", aud=AUDIENCE, azp=azp))
        right: tuple[Any, ...] = ((AUDIENCE, APPLICATION), (["x", "other"], APPLICATION), (AUDIENCE, None))
        for aud, azp in right:
            await me(api.client(issuer.token("user_1", aud=aud, azp=azp)))


async def test_keys_rotate_without_a_restart(api: Api, issuer: Elsewhere) -> None:
    old = issuer.token("user_1")
    issuer.keys.insert(0, ec_key("new"))
    new = issuer.token("user_1")
    assert (await me(api.client(new)))["username"] == (await me(api.client(old)))["username"]
    issuer.down = True
    await me(api.client(old))
    unknown = await api.client(issuer.token("user_1", key=ec_key("unheard of"))).get("/v1/me")
    assert (unknown.status_code, issuer.read) == (401, 1), "it was asked a moment ago"


async def test_an_issuer_that_was_never_heard_is_not_the_callers_fault(api: Api, issuer: Elsewhere) -> None:
    issuer.down = True
    answer = await api.client(issuer.token("user_1")).get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (503, "IssuerUnreachable")
    assert answer.headers["Retry-After"] == "30"


async def test_two_issuers_do_not_share_their_subjects(
    settings: Settings, db: Database, issuer: Elsewhere, api: Api
) -> None:
    """The configured issuer was changed: who is `user_1` there is somebody else."""
    from api.app import create_app

    first = await me(api.client(issuer.token("user_1")))
    issuer.url = issuer.url.replace("127.0.0.1", "localhost")
    moved = settings.model_copy(update={"oidc_issuer": issuer.url})
    async with Api(create_app(moved, database=db)) as other:
        second = await me(other.client(issuer.token("user_1")))
    assert second["user_id"] != first["user_id"]


def _b64(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).rstrip(b"=").decode()


def _packed(given: dict[str, Any]) -> str:
    return _b64(json.dumps(given).encode())
