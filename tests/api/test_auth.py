"""Registering, signing in and out, sessions and links."""

import asyncio
import time

import pytest
from sqlalchemy import text

from api.app import create_app
from api.limits import FAILURES_PER_USER
from core.crypto import Keyring
from core.db import Database
from core.settings import Registration, Settings
from services.access import sessions
from tests.plugins.api import PASSWORD, Api

ADA = {"username": "ada", "email": "Ada@Example.com", "password": PASSWORD}


async def test_registering_signs_in(api: Api) -> None:
    client = api.client()
    made = await client.post("/v1/auth/register", json=ADA)
    assert made.status_code == 201
    assert made.json()["token_type"] == "bearer"
    assert made.json()["expires_in"] == 14 * 24 * 3600
    me = (await api.client(made.json()["access_token"]).get("/v1/me")).json()
    assert (me["username"], me["role"], me["scopes"]) == ("ada", "owner", None)
    assert me["workspace_id"] == made.json()["workspace_id"]


async def test_signing_in_by_name_or_address(api: Api) -> None:
    await api.client().post("/v1/auth/register", json=ADA)
    for who in (
        {"username": "ada"},
        {"email": "ada@example.com"},
        {"username": "ADA", "email": "ADA@EXAMPLE.COM"},
    ):
        answer = await api.client().post("/v1/auth/login", json={**who, "password": PASSWORD})
        assert answer.status_code == 200, who
        assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
        assert (await api.client(answer.json()["access_token"]).get("/v1/me")).json()["username"] == "ada"


async def test_wrong_credentials_look_all_the_same(api: Api, subtests: pytest.Subtests) -> None:
    await api.user("ada")
    await api.user("grace")
    for body in (
        {"username": "ada", "password": "wrong password"},
        {"username": "nobody", "password": PASSWORD},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"username": "ada", "email": "grace@example.com", "password": PASSWORD},
        {"username": "grace", "email": "ada@example.com", "password": PASSWORD},
    ):
        with subtests.test(str(body)):
            answer = await api.client().post("/v1/auth/login", json=body)
            assert answer.status_code == 401
            assert answer.json()["code"] == "WrongCredentials"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["detail"] == "The name, the address or the password is wrong."


async def test_nobody_takes_as_long_as_somebody(api: Api) -> None:
    await api.client().post("/v1/auth/register", json=ADA)

    async def seconds(username: str) -> float:
        times = []
        for _ in range(4):
            started = time.process_time()
            await api.client().post("/v1/auth/login", json={"username": username, "password": "wrong one"})
            times.append(time.process_time() - started)
        return min(times)

    await api.client().post("/v1/auth/login", json={"username": "warm-up", "password": "wrong one"})
    known, unknown = await seconds("ada"), await seconds("nobody")
    assert 0.4 < known / unknown < 2.5


async def test_failed_sign_ins_are_limited_for_each_user(api: Api) -> None:
    await api.user("ada")
    await api.user("grace")
    wrong = {"username": "ada", "password": "x"}
    answers = await asyncio.gather(*(api.client().post("/v1/auth/login", json=wrong) for _ in range(25)))
    assert sorted(answer.status_code for answer in answers) == [401] * 20 + [429] * 5, "all at once, too"
    locked = await api.client().post("/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    assert locked.json()["code"] == "TooManySignIns"
    assert int(locked.headers["retry-after"]) > 0
    other = await api.client().post("/v1/auth/login", json={"username": "grace", "password": PASSWORD})
    assert other.status_code == 200
    blanks = [{"email": " " * number + "grace@example.com", "password": "x"} for number in range(25)]
    answers = await asyncio.gather(*(api.client().post("/v1/auth/login", json=each) for each in blanks))
    assert sorted(answer.status_code for answer in answers) == [401] * 20 + [429] * 5, "it is one address"


BAD_REGISTRATIONS: list[tuple[dict[str, object], int, str, str]] = [
    ({"username": "a"}, 422, "Invalid", "/username"),
    ({"username": "a b"}, 422, "Invalid", "/username"),
    ({"username": "a@b.example"}, 422, "Invalid", "/username"),
    ({"username": "x" * 51}, 422, "Invalid", "/username"),
    ({"email": "nowhere"}, 422, "Invalid", "/email"),
    ({"email": f"{'x' * 250}@example.com"}, 422, "Invalid", "/email"),
    ({"password": "short"}, 422, "Invalid", "/password"),
    ({"password": "x" * 257}, 422, "Invalid", "/password"),
    ({"password": "ada@example.com"}, 422, "Invalid", ""),
    ({"admin": True}, 422, "Invalid", "/admin"),
    ({"username": "BOB"}, 409, "UsernameTaken", "/username"),
    ({"email": "bob@example.COM"}, 409, "EmailTaken", "/email"),
]


async def test_bad_registrations_name_the_field(api: Api, subtests: pytest.Subtests) -> None:
    await api.user("bob")
    for change, status, code, pointer in BAD_REGISTRATIONS:
        with subtests.test(str(change)[:100]):
            answer = await api.client().post("/v1/auth/register", json={**ADA, **change})
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
            assert PASSWORD not in answer.text


async def test_signing_out_ends_the_session(api: Api) -> None:
    user = await api.user()
    assert (await user.post("/v1/auth/logout")).status_code == 204
    assert (await user.get("/v1/me")).status_code == 401
    keyed = await api.key(await api.user(), "read", "admin")
    assert (await keyed.post("/v1/auth/logout")).json()["code"] == "NotASession"


async def test_sessions_are_listed_and_revoked(api: Api) -> None:
    user = await api.user()
    login = {"username": user.username, "password": PASSWORD}
    second = api.client((await api.client().post("/v1/auth/login", json=login)).json()["access_token"])
    listed = (await user.get("/v1/sessions")).json()["items"]
    assert [item["current"] for item in listed] == [False, True]
    assert listed[0]["ip"] == "127.0.0.1"
    stranger = await api.user()
    assert (await stranger.delete(f"/v1/sessions/{listed[0]['id']}")).status_code == 404
    assert (await second.get("/v1/me")).status_code == 200
    assert (await user.delete(f"/v1/sessions/{listed[0]['id']}")).status_code == 204
    assert (await second.get("/v1/me")).status_code == 401
    assert len((await user.get("/v1/sessions")).json()["items"]) == 1


async def test_an_expired_session_is_nobody(api: Api, db: Database) -> None:
    user = await api.user()
    async with db.service() as session:
        await session.execute(text("UPDATE user_sessions SET expires_at = now()"))
    answer = await user.get("/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "Unauthenticated")


async def test_a_link_signs_in_once(api: Api, db: Database) -> None:
    user = await api.user()
    async with db.tenant(user.workspace_id, user.user_id) as session:
        replaced = await sessions.make_link(session, user.user_id)
        link = await sessions.make_link(session, user.user_id)
    client = api.client()
    assert (await api.client(link).get("/v1/me")).status_code == 401, "a link is no session"
    used = await client.post(f"/v1/auth/link/{link}")
    assert used.status_code == 200
    assert used.headers["cache-control"] == "no-store"
    assert (await api.client(used.json()["access_token"]).get("/v1/me")).json()["username"] == user.username
    for spent in (link, replaced, "nonsense"):
        again = await client.post(f"/v1/auth/link/{spent}")
        assert (again.status_code, again.json()["code"]) == (404, "LinkSpent")


async def test_a_link_expires(api: Api, db: Database) -> None:
    user = await api.user()
    async with db.tenant(user.workspace_id, user.user_id) as session:
        link = await sessions.make_link(session, user.user_id)
        await session.execute(text("UPDATE user_sessions SET expires_at = now() WHERE kind = 'link'"))
    assert (await api.client().post(f"/v1/auth/link/{link}")).json()["code"] == "LinkSpent"


async def test_registration_by_invitation_only(settings: Settings, db: Database) -> None:
    async with Api(create_app(settings, database=db)) as opened:
        owner = await opened.user()
    invite = settings.model_copy(update={"registration": Registration.INVITE})
    async with Api(create_app(invite, database=db)) as api:
        closed = await api.client().post("/v1/auth/register", json=ADA)
        assert (closed.status_code, closed.json()["code"]) == (403, "RegistrationClosed")
        owner = api.client(owner.headers["authorization"].removeprefix("Bearer "))
        body = {"email": "ada@example.com", "role": "editor"}
        token = (await owner.post("/v1/invitations", json=body)).json()["token"]

        wrong = {**ADA, "email": "eve@example.com", "username": "eve", "invitation": token}
        refused = await api.client().post("/v1/auth/register", json=wrong)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/invitation"

        made = await api.client().post("/v1/auth/register", json={**ADA, "invitation": token})
        assert made.status_code == 201
        names = [{**ADA, "username": f"u{each}", "email": f"u{each}@example.com"} for each in range(25)]
        bad = [{**each, "invitation": "made up"} for each in names]
        answers = await asyncio.gather(*(api.client().post("/v1/auth/register", json=each) for each in bad))
        assert {answer.status_code for answer in answers} == {422, 429}, "each costs a hash"
        ada = api.client(made.json()["access_token"])
        roles = [item["role"] for item in (await ada.get("/v1/workspaces")).json()["items"]]
        assert sorted(roles) == ["editor", "owner"]
        assert (await owner.get("/v1/members")).json()["items"][0]["username"] == "ada"


async def test_registration_may_be_closed(settings: Settings, db: Database) -> None:
    closed = settings.model_copy(update={"registration": Registration.CLOSED})
    async with Api(create_app(closed, database=db)) as api:
        answer = await api.client().post("/v1/auth/register", json={**ADA, "invitation": "any"})
        assert (answer.status_code, answer.json()["code"]) == (403, "RegistrationClosed")


async def test_what_identifies_people_is_kept_encrypted(api: Api, db: Database, settings: Settings) -> None:
    made = await api.client().post("/v1/auth/register", json=ADA)
    async with db.service() as session:
        row = (await session.execute(text("SELECT id, email, hashed_password FROM users"))).one()
        hashes = (await session.execute(text("SELECT token_hash, ip FROM user_sessions"))).one()
    assert b"xample" not in bytes(row.email)
    plain = Keyring.from_settings(settings).decrypt(bytes(row.email), f"users.email:{row.id}")
    assert plain == b"Ada@example.com"
    assert row.hashed_password.startswith("$argon2id$")
    assert made.json()["access_token"].encode() not in bytes(hashes.token_hash)
    assert b"127.0.0.1" not in bytes(hashes.ip)


async def test_the_password_is_changed_by_who_knows_it(api: Api) -> None:
    ada = await api.user("ada")
    elsewhere = await api.client().post("/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    other = api.client(elsewhere.json()["access_token"])
    new = "staple my own tea"
    for body, code, pointer in (
        ({"new": new}, "WrongPassword", "/current"),
        ({"current": "guess", "new": new}, "WrongPassword", "/current"),
        ({"current": PASSWORD, "new": "short"}, "Invalid", "/new"),
    ):
        answer = await ada.post("/v1/auth/password", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await other.get("/v1/me")).status_code == 200

    answer = await ada.post("/v1/auth/password", json={"current": PASSWORD, "new": new})
    assert answer.status_code == 204, answer.text
    assert (await ada.get("/v1/me")).status_code == 200, "the session that asks stays"
    assert (await other.get("/v1/me")).status_code == 401, "the others end"
    for password, status in ((PASSWORD, 401), (new, 200)):
        answer = await api.client().post("/v1/auth/login", json={"username": "ada", "password": password})
        assert answer.status_code == status


async def test_who_has_no_password_sets_one(api: Api, db: Database) -> None:
    ada = await api.user("adalovelace")
    async with db.tenant(ada.workspace_id, ada.user_id) as session:
        await session.execute(
            text("UPDATE users SET hashed_password = NULL WHERE id = :id"), {"id": ada.user_id}
        )
    assert (await ada.get("/v1/me")).json()["has_password"] is False
    same = await ada.post("/v1/auth/password", json={"new": "AdaLovelace"})
    assert (same.status_code, same.json()["errors"][0]["pointer"]) == (422, "/new")
    key = await api.key(ada, "read", "admin")
    assert (await key.post("/v1/auth/password", json={"new": PASSWORD})).status_code == 403
    assert (await ada.post("/v1/auth/password", json={"new": PASSWORD})).status_code == 204
    assert (await ada.get("/v1/me")).json()["has_password"] is True


async def test_guessing_the_current_password_ends(api: Api) -> None:
    ada = await api.user("ada")
    guesses = [
        await ada.post("/v1/auth/password", json={"current": "x", "new": PASSWORD})
        for _ in range(FAILURES_PER_USER + 1)
    ]
    assert guesses[0].status_code == 422
    assert guesses[-1].status_code == 429


async def test_all_other_sessions_end_at_once(api: Api) -> None:
    ada = await api.user("ada")
    await api.client().post("/v1/auth/login", json={"username": "ada", "password": PASSWORD})
    assert len((await ada.get("/v1/sessions")).json()["items"]) == 2
    assert (await ada.delete("/v1/sessions")).status_code == 204
    (left,) = (await ada.get("/v1/sessions")).json()["items"]
    assert left["current"]
