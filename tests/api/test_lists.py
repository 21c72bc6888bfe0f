"""Mailing lists over the API, and an account that sends to one."""

from typing import Any

import httpx
import pytest

from core.settings import Settings
from core.simulated import simulated_account
from services.mail.mailing_import import LIMIT
from tests.plugins.api import Api, User
from tests.plugins.mail import MailServer

Json = dict[str, Any]


@pytest.fixture
def settings(settings: Settings, mail_server: MailServer) -> Settings:
    return settings.model_copy(update={"allow_private": [f"127.0.0.1:{mail_server.port}"]})


async def made(user: User, name: str = "Readers") -> str:
    answer = await user.post("/v1/lists", json={"name": name})
    assert answer.status_code == 201, answer.text
    return f"/v1/lists/{answer.json()['id']}"


async def read(user: User, path: str, **query: Any) -> Json:
    answer = await user.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_a_lists_life(api: Api) -> None:
    user = await api.user()
    one = await made(user)
    assert (await user.post("/v1/lists", json={"name": "Readers"})).json()["code"] == "ListNameTaken"
    renamed = await user.patch(one, json={"name": "Release notes"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Release notes")
    added = (await user.post(f"{one}/subscribers", json={"email": "Ada@EXAMPLE.com"})).json()
    assert (added["email"], added["status"], added["reason"]) == ("Ada@example.com", "subscribed", None)
    again = await user.post(f"{one}/subscribers", json={"email": "ada@example.com"})
    assert (again.status_code, again.json()) == (201, added), "one subscriber, however it is written"

    off = f"{one}/subscribers/{added['id']}"
    left = (await user.post(f"{off}/unsubscribe")).json()
    assert left["status"] == "unsubscribed"
    assert left["ended_at"]
    assert (await user.post(f"{one}/subscribers", json={"email": "ada@example.com"})).json() == left
    assert (await read(user, off)) == left
    await user.post(f"{one}/subscribers", json={"email": "grace@example.com"})
    bounce = {"email": "GRACE@example.com", "reason": "550 gone"}
    assert (await user.post(f"{one}/bounces", json=bounce)).json() == {"subscribers": 1}
    (bounced,) = (await read(user, f"{one}/subscribers", status="bounced"))["items"]
    assert (bounced["email"], bounced["reason"]) == ("grace@example.com", "550 gone")
    note = b"Subject: I am away\r\n\r\nuntil Monday"
    reported = await user.post("/v1/bounces", content=note, headers={"Content-Type": "message/rfc822"})
    assert reported.json() == {"delivery_id": None, "outcome": None, "subscribers": 0}
    assert (await user.post("/v1/bounces", json={})).json()["code"] == "UnsupportedMediaType"
    whole = await read(user, one)
    assert {name: whole[name] for name in ("subscribed", "unsubscribed", "bounced")} == {
        "subscribed": 0,
        "unsubscribed": 1,
        "bounced": 1,
    }
    assert (await read(user, "/v1/lists"))["items"] == [whole]
    other = await made(user, "Others")
    assert (await user.get(f"{other}/subscribers/{added['id']}")).status_code == 404, "of another list"
    assert (await user.delete(off)).status_code == 204
    assert (await user.delete(one)).status_code == 204
    assert (await user.get(one)).status_code == 404


async def test_many_come_and_go_at_once(api: Api) -> None:
    user = await api.user()
    one = await made(user)

    async def sent(**body: Any) -> httpx.Response:
        return await user.post(f"{one}/subscribers/import", json=body)

    emails = [f"reader-{number}@example.com" for number in range(120)]
    assert (await sent(emails=[*emails, emails[0].upper()])).json() == {
        "added": 120,
        "known": 0,
        "left_out": 0,
    }
    page = await read(user, f"{one}/subscribers", limit=100)
    rest = await read(user, f"{one}/subscribers", limit=100, cursor=page["next_cursor"])
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (100, 20, None)
    export = (await user.get(f"{one}/subscribers/export")).text
    assert len(export.splitlines()) == 121
    again = (await sent(csv=export)).json()
    assert again == {"added": 0, "known": 120, "left_out": 0}
    assert (await sent(csv="Name\tE-Mail\nZoë\tzoe@b\u00fccher.example.org\n")).json()["added"] == 1
    newest = (await read(user, f"{one}/subscribers", limit=1))["items"][0]
    assert newest["email"] == "zoe@xn--bcher-kva.example.org", "as mail is sent to it"

    # What another tool knows of who has left stays true here, also of an address that is on the list.
    told = (
        "Status;Email;Consent\nunsubscribed;reader-0@example.com;\ncleaned;gone@example.com;\n"
        "active;new@example.com;=By form\n"
    )
    assert (await sent(csv=told, consent="By hand")).json() == {"added": 1, "known": 0, "left_out": 2}
    whole = await read(user, one)
    assert [whole[name] for name in ("subscribed", "unsubscribed", "bounced")] == [121, 1, 1]
    other = await made(user, "Others")
    export = (await user.get(f"{one}/subscribers/export")).text
    assert ",By form\r\n" in export, "and no formula"
    assert (await user.post(f"{other}/subscribers/import", json={"csv": export})).json() == {
        "added": 121,
        "known": 0,
        "left_out": 2,
    }

    for body, pointer, words in (
        ({"csv": "a@example.com\n\nnobody\nb@example.com"}, "/csv", "Line 3: "),
        ({"csv": "email\n"}, "/csv", "no address"),
        ({"csv": "a@example.com\rnobody"}, "/csv", "Line 2: "),
        ({"csv": f'a@example.com,"{"x" * 200_000}"'}, "/csv", "no CSV: field larger"),
        ({"csv": "email,status\na@example.com,pending"}, "/csv", "Line 2: 'pending' is no status"),
        ({"csv": "a@example.com\n" * (LIMIT + 1)}, "/csv", "at most 10,000"),
        ({"emails": ["a@example.com", "nobody"]}, "/emails/1", ""),
        ({"emails": ["zo\u00eb@example.com"]}, "/emails/0", ""),
        ({"emails": ["a@example.com\r\nBcc: b@example.com"]}, "/emails/0", ""),
        ({}, "", "either emails or csv"),
    ):
        refused = await sent(**body)
        assert refused.status_code == 422, body
        (error,) = refused.json()["errors"]
        assert error["pointer"] == pointer, error
        assert words in error["detail"]
    assert (await read(user, one))["subscribed"] == 121, "none of them was taken"


async def test_a_mail_server_is_connected_with_a_list_of_ones_own(
    api: Api, mail_server: MailServer, settings: Settings
) -> None:
    user = await api.user()
    login = dict(simulated_account("email", "harbour", "").credentials) | {"list": "Release notes"}
    body = {"platform": "email", "url": f"smtps://127.0.0.1:{mail_server.port}", "credentials": login}
    assert (await user.post("/v1/accounts", json=body)).status_code == 503, "nothing answers in TLS"
    body["url"] = f"smtp://127.0.0.1:{mail_server.port}"
    refused = await user.post("/v1/accounts", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "CredentialsRefused")
    assert "STARTTLS" in refused.text, "a password is not sent in the clear"
    for name in ("username", "password"):
        del login[name]
    missing = await user.post("/v1/accounts", json=body)
    assert missing.json()["errors"][0]["pointer"] == "/credentials/list"
    one = await made(user, "Release notes")
    connected = await user.post("/v1/accounts", json=body)
    assert connected.status_code == 201, connected.text
    account = connected.json()
    assert account["username"] == "harbour@newsletter.example"
    assert account["display_name"] == "harbour to Release notes"
    tested = (await user.post(f"/v1/accounts/{account['id']}/test")).json()
    assert (tested["status"], tested["error_message"]) == ("active", None)
    again = (await user.post("/v1/accounts", json=body)).json()
    assert again["id"] == account["id"]
    long = await made(user, "R" * 100)
    named = {**login, "from_address": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.example", "list": "R" * 100}
    refused = await user.post("/v1/accounts", json={**body, "credentials": named})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/credentials/from_address")
    await user.delete(long)
    inside = await user.post("/v1/accounts", json={**body, "url": "smtp://169.254.169.254"})
    assert (inside.status_code, inside.json()["errors"][0]["pointer"]) == (422, "/url")
    in_use = await user.delete(one)
    assert (in_use.status_code, in_use.json()["code"]) == (409, "ListInUse")
    assert mail_server.arrived() == []
