"""`proofroom projects`, `templates`, `lists`, …: commands that are one call each, against a real service."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tests.cli.conftest import Service


def test_all_that_is_kept_and_that_goes_out_is_spoken_to_in_one_grammar(
    idle_service: "Service", tmp_path: Path
) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("On {topic} for {audience}.")
    with idle_service.shell() as run:
        project = run("projects", "create", "Spring", "--description", "Of May", "--json").json
        run("projects", "create", "Summer").out.index("Summer")
        assert [each["title"] for each in run("projects", "list", "--limit", "1", "--json").json] == [
            "Summer"
        ]
        assert project["id"] in run("projects", "list").out
        changed = run("projects", "update", project["id"], "--title", "Early spring", "--json").json
        assert (changed["title"], changed["description"]) == ("Early spring", "Of May")
        assert "Nothing is to be changed" in run("projects", "update", project["id"]).err
        assert run("outputs", "list", "--project", "Early spring", "--no-archived").out == "There are none.\n"
        assert run("outputs", "list", "--project", "Autumn").code == 4

        kept = run("templates", "create", "Ours", "--type", "blog", "--prompt", f"@{prompt}", "--json").json
        assert kept["placeholders"] == ["topic", "audience"]
        mine = run("templates", "copy", kept["id"], "--json").json
        mine = run("templates", "update", mine["id"], "--name", "Mine", "--json").json
        shown = run("templates", "preview", "--template", mine["id"], "--field", "topic=tea", "--json").json
        assert (shown["prompt"], shown["missing"]) == ("On tea for {audience}.", ["audience"])
        wrong = run("templates", "preview", "--template", mine["id"], "--field", "tea")
        assert "'tea' is not NAME=VALUE" in wrong.err

        sample = run(
            "samples",
            "create",
            "@-",
            "--type",
            "style_sample",
            "--metadata",
            "title=Voice",
            "--json",
            typed="Aye.",
        ).json
        assert (sample["content"], sample["metadata"]) == ("Aye.", {"title": "Voice"})
        assert "Voice" in run("samples", "list").out

        rule = run("style-rules", "create", "End without a question.", "--platform", "x", "--json").json
        assert run("style-rules", "drop", rule["id"], "--json").json["status"] == "dropped"
        assert run("style-rules", "accept", rule["id"], "--json").json["status"] == "active"

        assert run("profile", "update", "--name", "Ada").code == 0
        assert run("profile", "update", "--tone", "dry", "--json").json["name"] == "Ada"

        assert run("projects", "delete", project["id"], typed="n\n").code == 1
        assert run("projects", "delete", project["id"], "--yes").out == "Done.\n"
        assert run("projects", "show", project["id"]).code == 4

        made = run("lists", "create", "News", "--json").json["id"]
        assert run("lists", "import", made, "email\nada@example.com\n", "--json").json["added"] == 1
        grace = run("lists", "subscribe", made, "grace@example.com", "--consent", "By form", "--json").json[
            "id"
        ]
        assert run("lists", "unsubscribe", made, grace, "--json").json["status"] == "unsubscribed"
        [left] = run("lists", "subscribers", made, "--status", "unsubscribed", "--json").json
        assert (left["email"], left["consent"]) == ("grace@example.com", "By form")
        assert run("lists", "forget", made, grace, "--yes").code == 0
        assert "ada@example.com" in run("lists", "subscribers", made).out
        wrong = run("lists", "subscribe", made, "ada")
        assert (wrong.code, "/email" in wrong.err) == (1, True)
        assert run("bounce", typed="Subject: I am away").code == 0
        assert run("bounce", "--api-key", "wrong", typed="Subject: Undelivered").code == 75, "it comes again"

        started = run("write", "-", "--platforms", "x", "--no-follow", "--json", typed="Our tea is old.").json
        assert started["id"] in run("workflows", "list", "--status", "running").out
        assert run("workflows", "cancel", started["id"], "--json").json["status"] == "cancelled"
        for call in ("posts list --search tea", "jobs list --status unknown"):
            assert run(*call.split()).out == "There are none.\n"
        assert run("jobs", "reschedule", str(uuid4()), "never").code == 1
        assert run("posts", "unpublish", str(uuid4())).code == 4
        refused = run(
            "accounts", "connect", "blog", "--at", "http://10.0.0.1", "--credential", "admin_api_key=a:b"
        )
        assert (refused.code, "id:secret" in refused.err) == (1, True)
