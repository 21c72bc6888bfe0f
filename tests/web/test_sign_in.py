"""The way in, as a browser without scripts takes it."""

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from core.db import Database
from core.settings import Registration, Settings
from services.access import sessions
from tests.plugins.api import PASSWORD
from tests.plugins.web import Room
from web.app import create_app


async def test_signing_in_goes_where_one_wanted_to_go(room: Room) -> None:
    await room.person("ada")
    visitor = room.visitor()
    away = await visitor.get("/inbox?platform=x")
    assert (away.status_code, away.headers["location"]) == (303, "/?next=/inbox%3Fplatform%3Dx")

    assert 'name="username"' in await visitor.see("/?next=/inbox%3Fplatform%3Dx")
    wrong = await visitor.submit("/", {"username": "ada", "password": "wrong", "next": "/inbox?platform=x"})
    assert wrong.status_code == 401
    assert "Wrong name or password" in wrong.text
    assert 'value="/inbox?platform=x"' in wrong.text, "what was wanted is not forgotten"

    right = await visitor.submit("/", {"username": "ada", "password": PASSWORD, "next": "/inbox?platform=x"})
    assert (right.status_code, right.headers["location"]) == (303, "/inbox?platform=x")
    cookie = next(
        each for each in right.headers.get_list("set-cookie") if each.startswith("proofroom_session=")
    )
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert (await visitor.get("/")).headers["location"] == "/inbox"


async def test_by_e_mail_address(room: Room) -> None:
    await room.person("ada")
    visitor = room.visitor()
    await visitor.see("/")
    answer = await visitor.submit("/", {"username": "ada@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")


@pytest.mark.parametrize(
    "next_",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "//[evil",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:1",
        "/",
        "/?next=/inbox",
    ],
)
async def test_nobody_is_sent_elsewhere(room: Room, next_: str) -> None:
    await room.person("ada")
    visitor = room.visitor()
    await visitor.see("/")
    answer = await visitor.submit("/", {"username": "ada", "password": PASSWORD, "next": next_})
    assert answer.headers["location"] == "/inbox"


async def test_htmx_may_say_it_is_anywhere(room: Room) -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://[evil"}
    answer = await room.visitor().get("/inbox/count", headers=here)
    assert answer.headers["hx-redirect"] == "/?next=/"


async def test_a_form_of_another_site_is_refused(room: Room) -> None:
    ada = await room.person("ada")
    assert (await ada.post("/sign-out")).status_code == 403
    assert (await ada.post("/sign-out", data={"csrf_token": "0" * 128})).status_code == 403
    assert (await ada.post("/sign-out", data={"csrf_token": "not hexadecimal"})).status_code == 403
    eve = await room.person("eve")
    await eve.see("/register")
    assert (await ada.post("/sign-out", data={"csrf_token": eve.csrf_token})).status_code == 403
    assert (await room.visitor().post("/", data={"username": "ada", "password": PASSWORD})).status_code == 403
    assert (await ada.api.get("/v1/me")).status_code == 200


async def test_a_page_is_packed_and_its_token_never_the_same(room: Room) -> None:
    ada = await room.person()
    first, second = [await ada.get("/register"), await ada.get("/register")]
    assert first.headers["content-encoding"] == "gzip"
    await ada.see("/register")
    assert ada.csrf_token not in first.text + second.text
    assert (await ada.get("/register", headers={"Accept-Encoding": ""})).headers.get(
        "content-encoding"
    ) is None


async def test_the_api_takes_no_cookie(room: Room) -> None:
    ada = await room.person()
    assert (await ada.get("/v1/me")).status_code == 401


async def test_a_link_signs_in_once(room: Room, db: Database) -> None:
    ada = await room.person()
    async with db.tenant(ada.workspace_id, ada.user_id) as session:
        link = await sessions.make_link(session, ada.user_id)
    visitor = room.visitor()
    ahead = await visitor.get(f"/auth/link/{link}", headers={"Sec-Purpose": "prefetch;prerender"})
    assert ahead.status_code == 409
    used = await visitor.get(f"/auth/link/{link}")
    assert (used.status_code, used.headers["location"]) == (303, "/inbox")
    again = await room.visitor().get(f"/auth/link/{link}")
    assert again.status_code == 404
    assert "proofroom users link" in again.text


async def test_signing_out_ends_the_session(room: Room) -> None:
    ada = await room.person()
    await ada.see("/register")
    gone = await ada.submit("/sign-out")
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert (await ada.api.get("/v1/me")).status_code == 401
    assert "You are signed out." in await ada.see("/")


async def test_whose_session_was_ended_elsewhere_signs_in_again(room: Room, db: Database) -> None:
    """Also when the page that they leave says goodbye after the form was shown: its cookie is gone then."""
    some_id = (await room.person("ada")).user_id
    ada = room.visitor()
    await ada.see("/")
    await ada.submit("/", {"username": "ada", "password": PASSWORD})
    await ada.see("/inbox")
    goodbye_token = ada.csrf_token
    async with db.service() as work:
        await work.execute(text("UPDATE user_sessions SET revoked_at = now()"))
    session = ada.cookies["proofroom_session"]
    assert 'name="username"' in await ada.see("/?next=/inbox")
    goodbye = await ada.delete(
        f"/reviews/{some_id}/presence",
        headers={"X-CSRF-Token": goodbye_token, "Cookie": f"proofroom_session={session}"},
    )
    assert goodbye.status_code == 303
    again = await ada.submit("/", {"username": "ada", "password": PASSWORD})
    assert (again.status_code, again.headers["location"]) == (303, "/inbox")


async def test_registration_signs_in_and_says_what_is_wrong(room: Room) -> None:
    visitor = room.visitor()
    await visitor.see("/register")
    given = {"username": "ada", "email": "ada@example.com", "password": "short"}
    short = await visitor.submit("/register", given)
    assert short.status_code == 422
    assert 'value="ada@example.com"' in short.text, "what was typed stays"
    assert "short" not in short.text.replace("Shorten", ""), "but for the password"
    made = await visitor.submit("/register", {**given, "password": PASSWORD})
    assert (made.status_code, made.headers["location"]) == (303, "/inbox")
    other = room.visitor()
    await other.see("/register")
    taken = await other.submit("/register", {**given, "email": "b@example.com", "password": PASSWORD})
    assert taken.status_code == 409
    assert "Somebody has this username" in taken.text


@pytest.mark.parametrize("policy", [Registration.CLOSED, Registration.INVITE])
async def test_registration_as_the_settings_allow(
    settings: Settings, db: Database, policy: Registration
) -> None:
    settings = settings.model_copy(update={"registration": policy})
    async with Room(create_app(settings, database=db)) as room:
        visitor = room.visitor()
        shown = await visitor.see("/register")
        assert ("<form" in shown) is (policy is Registration.INVITE)
        given = {"username": "ada", "email": "ada@example.com", "password": PASSWORD}
        assert (await visitor.submit("/register", given)).status_code in {403, 422}
        async with db.service() as session:
            assert await session.scalar(text("SELECT count(*) FROM users")) == 0


async def test_every_page_has_a_strict_policy(room: Room) -> None:
    visitor = room.visitor()
    for path in ("/", "/register"):
        policy = (await visitor.get(path)).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy


async def test_assets_are_kept_for_ever_and_packed(room: Room) -> None:
    html = await room.visitor().see("/")
    address = html.split('href="/static/')[2].split('"')[0]
    answer = await room.visitor().get(f"/static/{address}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    version = address.split("/")[0]
    stale = await room.visitor().get(f"/static/{address.replace(version, '0' * 12)}")
    assert stale.headers["cache-control"] == "no-cache"
    assert (await room.visitor().get("/static/0/../app.py")).status_code == 404


async def test_a_person_gets_a_page_for_nothing_and_a_program_a_problem(room: Room) -> None:
    visitor = room.visitor()
    page = await visitor.get("/nonsense", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    part = await visitor.get("/nonsense", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-retarget"]) == (404, "#notices")
    problem = await visitor.get("/nonsense")
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
    assert (await visitor.get("/v1/nonsense", headers={"Accept": "text/html"})).json()["status"] == 404


async def test_a_person_gets_a_page_while_the_database_is_away(settings: Settings) -> None:
    away = SecretStr("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")
    async with Room(create_app(settings.model_copy(update={"database_url": away}))) as room:
        visitor = room.visitor()
        visitor.cookies.set("proofroom_session", "somebody's")
        answer = await visitor.get("/inbox")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.headers["content-type"].startswith("text/html")
    assert "The database cannot be reached" in answer.text
