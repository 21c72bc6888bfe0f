"""`proofroom projects`, `templates`, `lists`, …: commands that are one call each, against a real service."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cli import files, outgoing
from cli.remedies import spoken
from core.settings import Settings

if TYPE_CHECKING:
    from tests.cli.conftest import Service


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"allow_private": ["127.0.0.1:9"]})


def test_the_workspace_is_spoken_to_in_the_same_grammar(idle_service: "Service") -> None:
    run = idle_service.run
    hook = run("webhooks", "create", "http://127.0.0.1:9/hook", "--event", "post.published", "--json").json
    assert (hook["events"], hook["secret"][:6]) == (["post.published"], "whsec_")
    assert run("webhooks", "update", hook["id"], "--event", "", "--json").json["events"] == []
    assert hook["url"] in run("webhooks", "list").stdout
    sent = run("webhooks", "test", hook["id"], "--json").json["id"]
    assert sent in run("webhooks", "deliveries", hook["id"], "--status", "pending").stdout
    assert run("webhooks", "show-delivery", sent, "--json").json["attempts"] == []
    assert run("webhooks", "replay-delivery", sent).returncode == 0
    replayed = run("webhooks", "replay", hook["id"], "--since", "2020-01-01", "--delivered", "--json").json
    assert replayed == {"deliveries": 0}
    paused = run("webhooks", "update", hook["id"], "--status", "paused", "--json").json
    assert paused["status"] == "paused"
    rotated = run("webhooks", "rotate-secret", hook["id"], "--json").json
    assert rotated["secret"] != hook["secret"]
    assert run("webhooks", "delete", hook["id"], "--yes").stdout == "Done.\n"

    [ada] = run("members", "list", "--json").json
    refused = run("members", "update", ada["user_id"], "--role", "viewer")
    assert (ada["username"], ada["role"], refused.returncode) == ("ada", "owner", 6)
    made = run("invitations", "create", "--role", "reviewer", "--hours", "1", "--json").json
    assert (made["role"], made["email"]) == ("reviewer", None)
    assert run("invitations", "accept", made["token"], "--json").json["role"] == "owner", "it is the higher"
    assert run("invitations", "revoke", str(uuid4()), "--yes").returncode == 4

    key = run("api-keys", "create", "Desk", "--scope", "read", "--until", "2099-01-01", "--json").json
    assert (key["scopes"], key["expires_at"][:4]) == (["read"], "2099")
    assert run("projects", "list", "--api-key", key["key"]).returncode == 0
    assert run("api-keys", "revoke", key["id"], "--yes").returncode == 0
    assert run("projects", "list", "--api-key", key["key"]).returncode == 5

    assert run("budgets", "list").stdout == "There are none.\n"
    assert run("budgets", "set", "month", "25").returncode == 0
    [month] = run("budgets", "list", "--json").json
    assert (month["period"], month["limit_usd"]) == ("month", "25.000000")
    assert run("budgets", "lift", "month", "--json").json == {"items": [], "next_cursor": None}
    asked = run("usage", "show", "--since", "2026-01-01", "--until", "2026-01-02T00:00Z", "--json").json
    assert (asked["until"], asked["lines"]) == ("2026-01-02T00:00:00Z", [])
    assert run("usage", "show").stdout.endswith("There are none.\n")


def test_all_that_is_kept_and_that_goes_out_is_spoken_to_in_one_grammar(
    idle_service: "Service", tmp_path: Path
) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("On {topic} for {audience}.")
    run = idle_service.run
    project = run("projects", "create", "Spring", "--description", "Of May", "--json").json
    run("projects", "create", "Summer").stdout.index("Summer")
    assert [each["title"] for each in run("projects", "list", "--limit", "1", "--json").json] == ["Summer"]
    assert project["id"] in run("projects", "list").stdout
    changed = run("projects", "update", project["id"], "--title", "Early spring", "--json").json
    assert (changed["title"], changed["description"]) == ("Early spring", "Of May")
    assert "Nothing is to be changed" in run("projects", "update", project["id"]).stderr
    assert run("outputs", "list", "--project", "Early spring", "--no-archived").stdout == "There are none.\n"
    assert run("outputs", "list", "--project", "Autumn").returncode == 4

    kept = run("templates", "create", "Ours", "--type", "blog", "--prompt", f"@{prompt}", "--json").json
    assert kept["placeholders"] == ["topic", "audience"]
    mine = run("templates", "copy", kept["id"], "--json").json
    mine = run("templates", "update", mine["id"], "--name", "Mine", "--json").json
    shown = run("templates", "preview", "--template", mine["id"], "--field", "topic=tea", "--json").json
    assert (shown["prompt"], shown["missing"]) == ("On tea for {audience}.", ["audience"])
    wrong = run("templates", "preview", "--template", mine["id"], "--field", "tea")
    assert "'tea' is not NAME=VALUE" in wrong.stderr

    sample = run(
        "samples",
        "create",
        "@-",
        "--type",
        "style_sample",
        "--metadata",
        "title=Voice",
        "--json",
        stdin="Aye.",
    ).json
    assert (sample["content"], sample["metadata"]) == ("Aye.", {"title": "Voice"})
    assert "Voice" in run("samples", "list").stdout

    rule = run("style-rules", "create", "End without a question.", "--platform", "x", "--json").json
    assert run("style-rules", "drop", rule["id"], "--json").json["status"] == "dropped"
    assert run("style-rules", "accept", rule["id"], "--json").json["status"] == "active"

    assert run("profile", "update", "--name", "Ada").returncode == 0
    assert run("profile", "update", "--tone", "dry", "--json").json["name"] == "Ada"

    assert run("projects", "delete", project["id"], stdin="n\n").returncode == 1
    assert run("projects", "delete", project["id"], "--yes").stdout == "Done.\n"
    assert run("projects", "show", project["id"]).returncode == 4

    made = run("lists", "create", "News", "--json").json["id"]
    assert run("lists", "import", made, "email\nada@example.com\n", "--json").json["added"] == 1
    grace = run("lists", "subscribe", made, "grace@example.com", "--consent", "By form", "--json").json["id"]
    assert run("lists", "unsubscribe", made, grace, "--json").json["status"] == "unsubscribed"
    [left] = run("lists", "subscribers", made, "--status", "unsubscribed", "--json").json
    assert (left["email"], left["consent"]) == ("grace@example.com", "By form")
    assert run("lists", "forget", made, grace, "--yes").returncode == 0
    assert "ada@example.com" in run("lists", "subscribers", made).stdout
    assert "ada@example.com,subscribed" in run("lists", "export", made).stdout
    wrong = run("lists", "subscribe", made, "ada")
    assert (wrong.returncode, "/email" in wrong.stderr) == (1, True)
    assert run("bounce", stdin="Subject: I am away").returncode == 0
    assert run("bounce", "--api-key", "wrong", stdin="Subject: Undelivered").returncode == 75, (
        "it comes again"
    )

    started = run("write", "-", "--platforms", "x", "--no-follow", "--json", stdin="Our tea is old.").json
    assert started["id"] in run("workflows", "list", "--status", "running").stdout
    assert run("workflows", "cancel", started["id"], "--json").json["status"] == "cancelled"
    for call in ("posts list --search tea", "jobs list --status unknown"):
        assert run(*call.split()).stdout == "There are none.\n"
    assert run("jobs", "reschedule", str(uuid4()), "never").returncode == 1
    assert run("posts", "unpublish", str(uuid4())).returncode == 4
    assert run("jobs", "deliveries", str(uuid4())).returncode == 4
    refused = run(
        "accounts", "connect", "blog", "--at", "http://10.0.0.1", "--credential", "admin_api_key=a:b"
    )
    assert (refused.returncode, "id:secret" in refused.stderr) == (1, True)


def test_what_the_api_says_to_do_is_the_command_that_does_it() -> None:
    commands = {"files": files.app, "workflows": outgoing.workflows, "posts": outgoing.posts}
    for told, said in (
        ("Back: POST /v1/posts/{id}/unpublish.", "Back: `proofroom posts unpublish ID`."),
        ("GET /v1/workflows/7?wait=30, then go on", "`proofroom workflows show 7`, then go on"),
        ("PUT /v1/files/7/public", "PUT /v1/files/7/public"),  # is two, publish and unpublish
        ("GET /v1/workspaces lists yours.", "GET /v1/workspaces lists yours."),
    ):
        assert spoken(told, commands) == said
