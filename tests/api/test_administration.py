"""Workspaces, members, invitations, API keys, budgets and usage."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api, User


def inside(workspace_id: str) -> dict[str, str]:
    return {"X-Workspace-Id": workspace_id}


async def test_a_workspace_is_made_changed_and_deleted(api: Api) -> None:
    user = await api.user()
    made = await user.post("/v1/workspaces", json={"name": "News room"})
    assert made.status_code == 201
    workspace = made.json()
    assert (workspace["role"], workspace["personal"]) == ("owner", False)
    assert workspace["slug"].startswith("news-room-")
    path = f"/v1/workspaces/{workspace['id']}"
    assert (await user.get(path)).json() == workspace
    changed = await user.patch(path, json={"name": "Newsroom", "slug": "newsroom"})
    assert (changed.json()["name"], changed.json()["slug"]) == ("Newsroom", "newsroom")
    assert len((await user.get("/v1/workspaces")).json()["items"]) == 2

    await user.post("/v1/projects", json={"title": "gone soon"}, headers=inside(workspace["id"]))
    assert (await user.get("/v1/projects")).json()["items"] == [], "each workspace has its own"
    assert (await user.delete(path)).status_code == 204
    assert (await user.get(path)).status_code == 404
    assert len((await user.get("/v1/workspaces")).json()["items"]) == 1


async def test_slugs_are_taken_once_and_personal_workspaces_stay(api: Api) -> None:
    user = await api.user()
    mine = f"/v1/workspaces/{user.workspace_id}"
    other = (await user.post("/v1/workspaces", json={"name": "Other"})).json()
    taken = await user.patch(mine, json={"slug": other["slug"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "SlugTaken")
    stays = await user.delete(mine)
    assert (stays.status_code, stays.json()["code"]) == (409, "PersonalWorkspace")


async def test_members_come_change_and_go(api: Api) -> None:
    owner = await api.user()
    member = await api.member(owner, "viewer")
    listed = (await member.get("/v1/members")).json()["items"]
    assert {(item["username"], item["role"]) for item in listed} == {
        (owner.username, "owner"),
        (member.username, "viewer"),
    }
    path = f"/v1/members/{member.user_id}"
    assert (await owner.patch(path, json={"role": "editor"})).json()["role"] == "editor"
    assert (await member.post("/v1/projects", json={"title": "a"})).status_code == 201
    assert (await owner.patch(path, json={"role": "emperor"})).status_code == 422
    assert (await owner.delete(path)).status_code == 204
    assert (await member.get("/v1/projects")).status_code == 404
    assert (await owner.delete(path)).status_code == 404


async def test_anybody_may_leave_and_only_owners_remove_others(api: Api) -> None:
    owner = await api.user()
    one, two = await api.member(owner, "editor"), await api.member(owner, "reviewer")
    assert (await one.delete(f"/v1/members/{two.user_id}")).status_code == 403
    assert (await one.delete(f"/v1/members/{one.user_id}")).status_code == 204


async def test_the_last_owner_stays(api: Api) -> None:
    owner = await api.user()
    path = f"/v1/members/{owner.user_id}"
    for answer in (await owner.delete(path), await owner.patch(path, json={"role": "editor"})):
        assert (answer.status_code, answer.json()["code"]) == (409, "LastOwner")
    second = await api.member(owner, "owner")
    answers = await asyncio.gather(
        owner.delete(f"/v1/members/{second.user_id}"), second.delete(f"/v1/members/{owner.user_id}")
    )
    assert sorted(answer.status_code for answer in answers) in ([204, 404], [204, 409], [204, 403])
    left = owner if answers[0].status_code == 204 else second
    members = (await left.get("/v1/members", headers=inside(str(owner.workspace_id)))).json()["items"]
    assert [item["role"] for item in members] == ["owner"]


async def test_an_invitation_is_for_one_person_once(api: Api) -> None:
    owner, guest, other = await api.user(), await api.user("grace"), await api.user()
    body = {"email": "GRACE@example.com", "role": "reviewer"}
    made = (await owner.post("/v1/invitations", json=body)).json()
    listed = (await owner.get("/v1/invitations")).json()["items"]
    assert listed[0]["email"] == "GRACE@example.com"
    assert "token" not in listed[0]

    accept = {"token": made["token"]}
    assert (await other.post("/v1/invitations/accept", json=accept)).status_code == 422
    joined = await guest.post("/v1/invitations/accept", json=accept)
    assert (joined.status_code, joined.json()["role"]) == (200, "reviewer")
    assert joined.json()["id"] == str(owner.workspace_id)
    again = await guest.post("/v1/invitations/accept", json=accept)
    assert again.json()["errors"][0]["pointer"] == "/token"
    late = await owner.delete(f"/v1/invitations/{made['id']}")
    assert (late.status_code, late.json()["code"]) == (409, "InvitationUsed")


async def test_revoked_and_expired_invitations_do_not_hold(api: Api, db: Database) -> None:
    owner, guest = await api.user(), await api.user()
    revoked = (await owner.post("/v1/invitations", json={})).json()
    for _ in range(2):
        assert (await owner.delete(f"/v1/invitations/{revoked['id']}")).status_code == 204
    expired = (await owner.post("/v1/invitations", json={})).json()
    async with db.service() as session:
        await session.execute(text("UPDATE invitations SET expires_at = now()"))
    for invitation in (revoked, expired):
        answer = await guest.post("/v1/invitations/accept", json={"token": invitation["token"]})
        assert answer.status_code == 422


async def test_a_key_shows_its_secret_once_and_does_what_its_scopes_say(api: Api) -> None:
    owner = await api.user()
    made = await owner.post("/v1/api-keys", json={"name": "bot", "scopes": ["read", "library:write"]})
    key = made.json()
    assert key["key"].startswith("prk_")
    assert key["key"].startswith(key["prefix"])
    listed = (await owner.get("/v1/api-keys")).json()["items"]
    assert "key" not in listed[0]

    bot = api.client(key["key"])
    assert (await bot.get("/v1/projects")).status_code == 200
    assert (await bot.post("/v1/projects", json={"title": "a"})).status_code == 201
    refused = await bot.get("/v1/api-keys")
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")
    by_header = api.client(**{"X-Api-Key": key["key"]})
    assert (await by_header.get("/v1/me")).json()["scopes"] == ["library:write", "read"]
    assert (await owner.get("/v1/api-keys")).json()["items"][0]["last_used_at"] is not None

    assert (await owner.delete(f"/v1/api-keys/{key['id']}")).status_code == 204
    assert (await bot.get("/v1/projects")).status_code == 401
    assert (await owner.get("/v1/api-keys")).json()["items"][0]["revoked_at"] is not None


async def test_deciding_is_a_scope_that_is_asked_for_by_name(api: Api) -> None:
    owner = await api.user()
    plain = (await owner.post("/v1/api-keys", json={"name": "bot"})).json()
    assert plain["scopes"] == ["read"]
    admin = await api.key(owner, "admin")
    refused = await admin.post("/v1/api-keys", json={"name": "x", "scopes": ["admin", "reviews:decide"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")
    assert (await admin.post("/v1/api-keys", json={"name": "x", "scopes": ["admin"]})).status_code == 201


async def test_a_key_sees_one_workspace_with_its_users_role(api: Api) -> None:
    owner = await api.user()
    other = (await owner.post("/v1/workspaces", json={"name": "Other"})).json()
    bot = await api.key(owner, "read", "library:write")
    assert (await bot.get("/v1/me", headers=inside(other["id"]))).status_code == 404
    assert len((await bot.get("/v1/workspaces")).json()["items"]) == 1

    second = await api.member(owner, "owner")
    keyed = await api.key(second, "read", "library:write")
    await owner.patch(f"/v1/members/{second.user_id}", json={"role": "viewer"})
    assert (await keyed.post("/v1/projects", json={"title": "a"})).status_code == 403
    await owner.delete(f"/v1/members/{second.user_id}")
    assert (await keyed.get("/v1/projects")).status_code == 404


async def test_keys_expire(api: Api, db: Database) -> None:
    owner = await api.user()
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    refused = await owner.post("/v1/api-keys", json={"name": "x", "expires_at": past})
    assert refused.json()["errors"][0]["pointer"] == "/expires_at"
    assert (
        await owner.post("/v1/api-keys", json={"name": "x", "expires_at": "2030-01-01T00:00:00"})
    ).status_code == 422, "a time has an offset"
    never = {"name": "x", "expires_at": "9999-12-31T23:59:59-12:00"}
    assert (await owner.post("/v1/api-keys", json=never)).status_code == 422, "no calendar has it in UTC"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = (await owner.post("/v1/api-keys", json={"name": "x", "expires_at": later})).json()
    bot = api.client(made["key"])
    assert (await bot.get("/v1/me")).status_code == 200
    async with db.service() as session:
        await session.execute(text("UPDATE api_keys SET expires_at = now()"))
    assert (await bot.get("/v1/me")).status_code == 401


async def spend(db: Database, user: User, cost: str | None, when: str = "now()") -> None:
    async with db.service(user.workspace_id) as session:
        await session.execute(
            text(
                "INSERT INTO token_usage (workspace_id, service, model, input_tokens, output_tokens, cost_usd, "
                f"latency_ms, status, created_at) VALUES (:w, 'writer', 'm', 100, 10, :c, 5, 'completed', {when})"
            ),
            {"w": user.workspace_id, "c": cost},
        )


async def test_budgets_are_set_lifted_and_used_up(api: Api, db: Database) -> None:
    user = await api.user()
    assert (await user.get("/v1/budgets")).json() == {"items": [], "next_cursor": None}
    await spend(db, user, "1.25")
    await spend(db, user, "9", "now() - interval '40 days'")
    await user.post("/v1/budgets", json={"period": "month", "limit_usd": "10"})
    answer = await user.post("/v1/budgets", json={"period": "month", "limit_usd": "5.50"})
    budget = answer.json()["items"][0]
    assert (budget["limit_usd"], budget["spent_usd"], budget["remaining_usd"]) == (
        "5.500000",
        "1.250000",
        "4.250000",
    )
    assert datetime.fromisoformat(budget["resets_at"]) > datetime.now(UTC)
    both = await user.post("/v1/budgets", json={"period": "day", "limit_usd": "1"})
    assert [(item["period"], item["remaining_usd"]) for item in both.json()["items"]] == [
        ("day", "0.000000"),
        ("month", "4.250000"),
    ]
    lifted = await user.post("/v1/budgets", json={"period": "day", "limit_usd": None})
    assert [item["period"] for item in lifted.json()["items"]] == ["month"]


async def test_amounts_are_decimal_strings(api: Api) -> None:
    user = await api.user()
    for amount in ("-1", "NaN", "Infinity", "1e3", "1.0000001", "1000000", "", 5, 5.5, "1,5"):
        answer = await user.post("/v1/budgets", json={"period": "month", "limit_usd": amount})
        assert answer.status_code == 422, amount
        assert answer.json()["errors"][0]["pointer"] == "/limit_usd"


async def test_usage_is_counted_by_day_and_model(api: Api, db: Database) -> None:
    user, stranger = await api.user(), await api.user()
    await spend(db, user, "0.5")
    await spend(db, user, None)
    await spend(db, stranger, "7")
    usage = (await user.get("/v1/usage")).json()
    assert usage["total"] == {
        "calls": 2,
        "input_tokens": 200,
        "output_tokens": 20,
        "cost_usd": "0.500000",
        "unpriced_calls": 1,
    }
    assert [(line["model"], line["amount"]["calls"]) for line in usage["lines"]] == [("m", 2)]
    old = await user.get(
        "/v1/usage", params={"until": "2020-01-01T00:00:00Z", "since": "2019-01-01T00:00:00Z"}
    )
    assert old.json()["total"]["calls"] == 0
    for never in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert (await user.get("/v1/usage", params={"since": never})).status_code == 422


async def test_what_owners_do_is_audited(api: Api, db: Database) -> None:
    owner = await api.user()
    await api.key(owner, "read")
    async with db.tenant(UUID(str(owner.workspace_id)), owner.user_id) as session:
        found = await session.execute(text("SELECT table_name, user_id, new_values FROM audit_logs"))
        audits = {row.table_name: row for row in found}
    assert audits["api_keys"].user_id == owner.user_id
    assert "redacted" in audits["api_keys"].new_values["key_hash"]
