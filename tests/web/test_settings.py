"""Settings as a browser without scripts uses them."""

import re

from sqlalchemy import text

from core.db import Database
from platforms.registry import PlatformName
from tests.plugins.api import PASSWORD
from tests.plugins.web import Room, link, went

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SPENT = text("""
INSERT INTO token_usage (workspace_id, service, model, input_tokens, output_tokens, cost_usd, status)
VALUES (:workspace_id, 'writer', 'gpt-test', 1000, 500, 1.25, 'completed')
""")
LISTS = text("""
INSERT INTO mailing_lists (workspace_id, name) SELECT :workspace_id, 'List ' || n FROM generate_series(1, 210) n
""")
TABS = (
    "profile",
    "workspace",
    "accounts",
    "templates",
    "samples",
    "style",
    "lists",
    "budgets",
    "keys",
    "webhooks",
)


def chart(html: str) -> str:
    return html.partition('data-chart="')[2].partition('"')[0]


async def test_every_tab_is_there_for_every_role(room: Room) -> None:
    ada = await room.person("ada")
    viewer = await room.colleague(ada, "viewer")
    went(await ada.get("/settings"), "/settings/profile")
    for tab in TABS:
        for who in (ada, viewer):
            assert f'href="/settings/{tab}" aria-current="page"' in await who.see(f"/settings/{tab}")
    for tab, role in (
        ("keys", "owner"),
        ("webhooks", "owner"),
        ("accounts", "owner"),
        ("budgets", "owner"),
        ("templates", "editor"),
        ("style", "editor"),
    ):
        shown = await viewer.see(f"/settings/{tab}")
        assert f"is for {role}s of this workspace" in shown, tab
        assert "<form" not in shown.partition("<main")[2], f"{tab}: nothing that would be refused is offered"
    for path in (
        "keys",
        "webhooks",
        "budgets",
        "samples",
        "templates",
        "invitations",
        "accounts/x",
    ):
        assert (await viewer.submit(f"/settings/{path}", {"name": "x"})).status_code == 403


async def test_a_name_and_a_tone(room: Room) -> None:
    ada = await room.person("ada")
    colleague = await room.colleague(ada, "viewer")
    await ada.see("/settings/profile")
    given = {"name": "Ada <Lovelace>", "tone_of_voice": "dry"}
    went(await ada.submit("/settings/profile", given), "/settings/profile")
    shown = await ada.see("/settings/profile")
    assert "Saved." in shown
    assert 'value="Ada &lt;Lovelace&gt;"' in shown
    assert "dry</textarea>" in shown
    assert "Ada &lt;Lovelace&gt;" in await colleague.see("/settings/workspace"), "as colleagues see her"
    await ada.submit("/settings/profile", {"name": "", "tone_of_voice": ""})
    assert (await ada.api.get("/v1/profile")).json()["name"] is None


async def test_the_time_zone_of_a_browser(room: Room) -> None:
    ada = await room.person()
    ada.cookies.set("proofroom_timezone", "Europe%2FBerlin")
    assert "<strong>Europe/Berlin</strong>, as this device says" in await ada.see("/settings/profile")
    went(await ada.submit("/settings/timezone", {"timezone": "Asia/Tokyo"}), "/settings/profile")
    shown = await ada.see("/settings/profile")
    assert "<strong>Asia/Tokyo</strong>" in shown
    assert 'data-zone="Asia/Tokyo"' in shown
    assert (await ada.submit("/settings/timezone", {"timezone": "Mars/Phobos"})).status_code == 422
    await ada.submit("/settings/timezone", {"timezone": ""})
    assert "<strong>Europe/Berlin</strong>" in await ada.see("/settings/profile")


async def test_password_and_sessions(room: Room) -> None:
    ada = await room.person("ada")
    other = room.visitor()
    await other.see("/")
    await other.submit("/", {"username": "ada", "password": PASSWORD}, headers={"User-Agent": FIREFOX})
    shown = await ada.see("/settings/profile")
    assert "Firefox on Linux" in shown
    assert shown.count("this one</span>") == 1
    went(await ada.submit(link(shown, "/settings/sessions/[^/]+/end")), "/settings/profile")
    assert (await other.get("/settings/profile")).headers["location"].startswith("/?next=")

    wrong = await ada.swap("/settings/password", {"current": "wrong", "new": "staple my own tea"})
    assert wrong.status_code == 422
    assert "The current password is wrong" in wrong.text
    short = await ada.swap("/settings/password", {"current": PASSWORD, "new": "short"})
    assert (short.status_code, short.headers["hx-retarget"]) == (422, "#notices")
    right = await ada.submit("/settings/password", {"current": PASSWORD, "new": "staple my own tea"})
    went(right, "/settings/profile")
    assert "Your password is changed" in await ada.see("/settings/profile")

    await other.see("/")
    await other.submit("/", {"username": "ada", "password": "staple my own tea"})
    went(await ada.submit("/settings/sessions/end-others"), "/settings/profile")
    assert len((await ada.api.get("/v1/sessions")).json()["items"]) == 1


async def test_an_invitation_brings_somebody_in(room: Room) -> None:
    ada = await room.person("ada")
    grace = await room.person("grace")
    await ada.see("/settings/workspace")
    made = await ada.submit(
        "/settings/invitations", {"email": "grace@example.com", "role": "editor", "days": "7"}
    )
    assert made.status_code == 200
    address = re.search(r"http://localhost(/register\?invitation=[\w-]+)", made.text)
    assert address, made.text
    shown = await ada.see("/settings/workspace")
    assert "grace@example.com" in shown
    assert address[1].partition("=")[2] not in shown, "it is shown once"

    went(await grace.get(address[1]), address[1].replace("/register", "/settings/workspace"))
    assert "You are invited" in await grace.see(address[1].replace("/register", "/settings/workspace"))
    went(
        await grace.submit("/settings/invitations/accept", {"invitation": f"http://localhost{address[1]}"}),
        "/settings/workspace",
    )
    shown = await grace.see("/settings/workspace")
    assert "Welcome to ada&#39;s workspace." in shown
    assert "<strong>editor</strong>" in shown
    spent = await grace.submit("/settings/invitations/accept", {"invitation": address[1]})
    assert spent.status_code == 422

    await ada.submit(f"/settings/members/{grace.user_id}/role", {"role": "reviewer"})
    assert "<strong>reviewer</strong>" in await grace.see("/settings/workspace")
    last = await ada.submit(f"/settings/members/{ada.user_id}/role", {"role": "viewer"})
    assert last.status_code == 409
    went(await ada.submit(f"/settings/members/{grace.user_id}/remove"), "/settings/workspace")
    assert "grace&#39;s workspace" in await grace.see("/settings/workspace"), "back in her own"


async def test_an_invitation_is_withdrawn(room: Room) -> None:
    ada = await room.person()
    await ada.see("/settings/workspace")
    made = await ada.swap("/settings/invitations", {"role": "viewer", "days": "1"})
    assert "<html" not in made.text
    token = made.text.partition("invitation=")[2].partition("<")[0]
    shown = await ada.see("/settings/workspace")
    went(await ada.submit(link(shown, "/settings/invitations/[^/]+/revoke")), "/settings/workspace")
    assert "withdrawn" in await ada.see("/settings/workspace")
    grace = await room.person()
    refused = await grace.submit("/settings/invitations/accept", {"invitation": token})
    assert refused.status_code == 422


async def test_workspaces_are_made_named_chosen_and_left(room: Room) -> None:
    ada = await room.person("ada")
    await ada.see("/settings/workspace")
    went(await ada.submit("/settings/workspaces", {"name": "Newsroom"}), "/settings/workspace")
    shown = await ada.see("/settings/workspace")
    assert "<h1>Newsroom</h1>" in shown
    assert "You are in Newsroom now." in shown
    await ada.submit("/settings/workspace", {"name": "Newsroom Berlin"})
    assert "<h1>Newsroom Berlin</h1>" in await ada.see("/settings/workspace")
    await ada.submit("/settings/workspaces/choose", {"workspace_id": str(ada.workspace_id)})
    assert "<h1>ada&#39;s workspace</h1>" in await ada.see("/settings/workspace")
    grace = await room.person()
    foreign = await ada.submit("/settings/workspaces/choose", {"workspace_id": str(grace.workspace_id)})
    assert foreign.status_code == 404
    colleague = await room.colleague(grace, "viewer")
    went(await colleague.submit(f"/settings/members/{colleague.user_id}/remove"), "/settings/workspace")
    assert f"{colleague.username}&#39;s workspace" in await colleague.see("/settings/workspace")


async def test_a_key_is_shown_once_and_revoked(room: Room) -> None:
    ada = await room.person()
    assert "No program has a key yet." in await ada.see("/settings/keys")
    form = {"name": "bot", "scopes": ["read", "workflows:write"], "days": "30"}
    made = await ada.swap("/settings/keys", form)
    assert made.status_code == 200, made.text
    assert "<html" not in made.text
    secret = re.search(r"prk_[\w-]+", made.text)
    assert secret
    program = room.client(secret[0])
    me = (await program.get("/v1/me")).json()
    assert me["scopes"] == ["read", "workflows:write"]
    shown = await ada.see("/settings/keys")
    assert secret[0] not in shown
    assert "Read, Write drafts" in shown
    went(await ada.submit(link(shown, "/settings/keys/[^/]+/revoke")), "/settings/keys")
    assert "revoked" in await ada.see("/settings/keys")
    assert (await program.get("/v1/me")).status_code == 401
    for wrong in ({"name": "bot"}, {"scopes": "read"}, {"name": "bot", "scopes": "fly"}):
        assert (await ada.submit("/settings/keys", wrong)).status_code == 422


async def test_a_webhook_is_made_tried_paused_and_deleted(room: Room) -> None:
    ada = await room.person()
    assert "No program is told anything yet." in await ada.see("/settings/webhooks")
    form = {"url": "https://93.184.215.14/hook", "events": ["post.published"]}
    made = await ada.swap("/settings/webhooks", form)
    secret = re.search(r"whsec_[\w+/=]+", made.text)
    assert secret, made.text
    shown = await ada.see("/settings/webhooks")
    assert secret[0] not in shown
    assert "https://93.184.215.14/hook" in shown
    one = link(shown, "/settings/webhooks/[0-9a-f-]+")
    rotated = await ada.submit(f"{one}/secret")
    assert "whsec_" in rotated.text
    assert secret[0] not in rotated.text
    went(await ada.submit(f"{one}/test"), one)
    told = await ada.see(one)
    assert "webhook.test" in told
    assert "pending" in told
    went(await ada.submit(link(told, f"{one}/deliveries/[^/]+/replay")), one)
    assert "Nothing yet." in await ada.see(f"{one}?status=dead")
    went(await ada.submit(f"{one}/status", {"status": "paused"}), "/settings/webhooks")
    assert "paused" in await ada.see("/settings/webhooks")
    refused = await ada.submit("/settings/webhooks", {"url": "http://127.0.0.1/"})
    assert refused.status_code == 422
    assert "https:// addresses only" in refused.text
    went(await ada.submit(f"{one}/delete"), "/settings/webhooks")
    assert "No program is told anything yet." in await ada.see("/settings/webhooks")


async def test_budgets_show_what_is_spent(room: Room) -> None:
    ada = await room.person()
    assert "No language model was called yet." in await ada.see("/settings/budgets")
    went(await ada.submit("/settings/budgets", {"period": "month", "limit_usd": "25.5"}), "/settings/budgets")
    shown = await ada.see("/settings/budgets")
    assert "of $25.50" in shown
    assert 'value="25.5"' in shown
    assert (await ada.submit("/settings/budgets", {"period": "month", "limit_usd": "-1"})).status_code == 422
    await ada.submit("/settings/budgets", {"period": "month", "limit_usd": ""})
    assert (await ada.api.get("/v1/budgets")).json()["items"] == []


async def test_accounts_are_tested_disconnected_and_refused_in_the_platforms_words(
    room: Room, db: Database
) -> None:
    ada = await room.person()
    shown = await ada.see("/settings/accounts")
    assert shown.count("simulated</span>") == len(PlatformName) - 1, "no mail server is simulated here"
    account = link(shown, "/settings/accounts/[^/]+/test").removesuffix("/test")
    went(await ada.submit(f"{account}/test"), "/settings/accounts")
    assert "works: the platform takes its credentials." in await ada.see("/settings/accounts")
    went(await ada.submit(f"{account}/disconnect"), "/settings/accounts")
    shown = await ada.see("/settings/accounts")
    assert "is disconnected." in shown
    assert f"{account}/test" not in shown
    nothing = await ada.swap("/settings/accounts/linkedin", {"access_token": ""})
    assert nothing.status_code == 422
    assert "Access token is needed." in nothing.text
    where = await ada.swap("/settings/accounts/blog", {"admin_api_key": "1:2", "url": "blog.example.com"})
    assert where.status_code == 422
    assert "begins with https://" in where.text
    async with db.service() as session:
        await session.execute(LISTS, {"workspace_id": ada.workspace_id})
    offered = re.findall(r'<option[^>]*value="(List \d+)"', await ada.see("/settings/accounts"))
    assert len(offered) == 210, "all of them"


async def test_what_was_spent_is_drawn_by_day(room: Room, db: Database) -> None:
    ada = await room.person()
    async with db.service() as session:
        await session.execute(SPENT, {"workspace_id": ada.workspace_id})
    shown = await ada.see("/settings/budgets")
    assert "gpt-test" in shown
    assert "$1.25" in shown
    assert "gpt-test" in chart(shown)
    shown = await ada.see("/settings/budgets?by=platform")
    assert "other" in chart(shown)
    assert "gpt-test" not in chart(shown)
