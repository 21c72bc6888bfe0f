"""`proofroom review`, the real command against a real service, with a scripted editor."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.cli.conftest import Service


@pytest.fixture
def editor(tmp_path: Path) -> str:
    """Each line of `edits` is a sed command for one call; `seen` collects what the editor was given."""
    script = tmp_path / "editor"
    script.write_text(
        f"""#!/bin/sh
cat "$1" >> {tmp_path}/seen
edit=$(head -n 1 {tmp_path}/edits)
sed -i 1d {tmp_path}/edits
sed -i "$edit" "$1"
"""
    )
    script.chmod(0o700)
    return str(script)


def _text_of(page: str) -> str:
    """What the simulator shows as the post's text."""
    shown = re.search(r'(?s)<div class="text">(.*?)</div>', httpx.get(page).text)
    assert shown
    return shown.group(1)


def _thread(service: "Service", workflow: Any) -> Any:
    [thread] = service.call("GET", f"/v1/workflows/{workflow['id']}")["threads"]
    return thread


def test_accepting_shows_everything_and_ends_with_the_address(service: "Service") -> None:
    workflow = service.written("x")
    review = service.call("GET", f"/v1/reviews/{workflow['threads'][0]['pending_review_id']}")
    done = service.run("review", stdin="a\n")
    assert done.returncode == 0, done.stderr
    thread = _thread(service, workflow)
    words = " ".join(done.stdout.split())
    assert " ".join(review["draft"]["content"].split()) in words
    assert f"as {review['account']['username']} (simulated)" in words
    assert " of 280 " in words
    for name, finding in review["evaluation"]["findings"].items():
        assert name.replace("_", " ") in words
        assert " ".join(finding["instruction"].split()) in words
    assert f"✓ x published (simulated): {thread['url']}" in done.stdout
    assert "Nothing waits for a decision." in done.stdout
    assert httpx.get(thread["url"]).is_success


def test_an_edit_that_the_platform_would_not_take_comes_back_into_the_editor(
    service: "Service", editor: str, tmp_path: Path
) -> None:
    workflow = service.written("x")
    (tmp_path / "edits").write_text(f"$ c {'Far too long. ' * 30}\n/Far too/ c This fits.\n")
    done = service.run("review", stdin="e\n", EDITOR=editor)
    assert done.returncode == 0, done.stderr
    thread = _thread(service, workflow)
    seen = (tmp_path / "seen").read_text()
    assert "X would not take this text" in done.stdout
    assert re.search(r"(?m)^#! \d+ .*at most 280", seen)
    assert seen.count("Far too long") == 30  # what was typed was there again
    assert thread["status"] == "published"
    assert thread["active_draft"]["content"].endswith("This fits.")
    assert "This fits." in _text_of(thread["url"])
    assert "Far too long" not in _text_of(thread["url"])


def test_an_article_is_edited_with_its_title_and_tags(
    service: "Service", editor: str, tmp_path: Path
) -> None:
    workflow = service.written("blog")
    (tmp_path / "edits").write_text(
        "s/^title: .*/title: Harbour: a better one/; s/^tags: .*/tags: Backups, Trust/\n"
    )
    before = workflow["threads"][0]["active_draft"]
    done = service.run("review", stdin="e\n", VISUAL=editor, EDITOR="false")
    assert "published (simulated)" in done.stdout, done.stdout + done.stderr
    after = _thread(service, workflow)["active_draft"]
    assert after["metadata"]["title"] == "Harbour: a better one"
    assert after["metadata"]["tags"] == ["Backups", "Trust"]
    assert after["content"] == before["content"]


def test_an_edit_that_changes_nothing_decides_nothing(
    service: "Service", editor: str, tmp_path: Path
) -> None:
    workflow = service.written("x")
    (tmp_path / "edits").write_text("\n")
    done = service.run("review", stdin="e\nq\n", EDITOR=editor)
    assert "Nothing was changed." in done.stdout
    assert _thread(service, workflow)["status"] == "awaiting_review"


def test_what_was_typed_and_not_taken_is_kept(service: "Service", editor: str, tmp_path: Path) -> None:
    service.written("x")
    # The second call leaves the refused text as it is: back to the question.
    (tmp_path / "edits").write_text(f"$ a {'My own words. ' * 30}\n\n")
    done = service.run("review", stdin="e\nq\n", EDITOR=editor, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    kept = re.search(r"What you wrote is in (\S+)", done.stdout)
    assert kept
    assert Path(kept.group(1)).read_text().count("My own words.") == 30
    assert [*tmp_path.glob("proofroom-*.md")] == [Path(kept.group(1))]


def test_a_new_draft_is_waited_for_and_compared(service: "Service") -> None:
    workflow = service.written("x")
    done = service.run(
        "review", "--workflow", workflow["id"], stdin="r\nShorter, with the number first.\na\n"
    )
    assert done.returncode == 0, done.stderr
    thread = _thread(service, workflow)
    assert thread["status"] == "published"
    assert thread["active_draft"]["sequence"] > 0
    assert f"x · draft {thread['active_draft']['sequence'] + 1}" in done.stdout
    assert "Changed since draft" in done.stdout
    assert done.stdout.count("x published") == 1


def test_rejecting_and_skipping(service: "Service") -> None:
    workflow = service.written("x,linkedin")
    done = service.run("review", "--platform", "x", stdin="zzz\nj\nNot now.\n")
    assert "· x is rejected" in done.stdout
    assert "linkedin" not in done.stdout
    skipped = service.run("review", stdin="s\n")
    assert "Nothing else waits." in skipped.stdout
    statuses = {
        thread["platform"]: thread["status"]
        for thread in service.call("GET", f"/v1/workflows/{workflow['id']}")["threads"]
    }
    assert statuses == {"x": "rejected", "linkedin": "awaiting_review"}
    [decided] = service.call("GET", "/v1/reviews?status=decided")["items"]
    assert service.call("GET", f"/v1/reviews/{decided['id']}")["comment"] == "Not now."


def test_who_was_faster_is_named(service: "Service") -> None:
    workflow = service.written("x")
    review_id = workflow["threads"][0]["pending_review_id"]
    review = service.call("GET", f"/v1/reviews/{review_id}")
    process = service.start("review", review_id)
    assert process.stdout is not None
    while "Score" not in process.stdout.readline():
        pass
    service.call(
        "POST", f"/v1/reviews/{review_id}/decision", {"decision": "reject", "seen_hash": review["seen_hash"]}
    )
    out, _ = process.communicate("a\n", timeout=PATIENCE_SECONDS)
    assert "ada decided reject" in out
    assert "x is rejected" in out


def test_decisions_without_questions(service: "Service", tmp_path: Path) -> None:
    ids = [service.written("x")["threads"][0]["pending_review_id"] for _ in range(3)]

    listed = service.run("review", "--json")
    assert [item["id"] for item in json.loads(listed.stdout)] == ids

    shown = json.loads(service.run("review", ids[0], "--json").stdout)
    stale = service.run("review", ids[0], "--accept", "--seen", "0" * 64, "--json")
    assert (stale.returncode, stale.stdout) == (6, "")
    assert json.loads(stale.stderr)["code"] == "DraftChanged"
    accepted = service.run("review", ids[0], "--accept", "--seen", shown["seen_hash"], "--json")
    assert accepted.returncode == 0, accepted.stderr
    thread = json.loads(accepted.stdout)
    assert (thread["status"], thread["publishing_job"]["simulated"]) == ("published", True)
    again = service.run("review", ids[0], "--accept")
    assert again.returncode == 6
    assert "ada decided accept" in again.stderr

    text = tmp_path / "mine.md"
    text.write_text("Only these words.\n")
    edited = service.run("review", ids[1], "--edit", str(text), "--schedule", "2100-01-01T09:00")
    assert edited.returncode == 0, edited.stderr
    assert "x goes out (simulated) on Fri 01 Jan 2100 09:00" in edited.stdout

    regenerated = service.run("review", ids[2], "--regenerate", "Shorter.")
    assert regenerated.returncode == 0, regenerated.stderr


def test_a_picture_is_given_with_words_for_it(service: "Service") -> None:
    picture = f"{service.settings.simulator_url}/sample.jpg"
    review_id = service.written("instagram")["threads"][0]["pending_review_id"]
    without = service.run("review", review_id, "--accept")
    assert (without.returncode, without.stderr.count("Add a JPEG picture.")) == (1, 1)
    silent = service.run("review", review_id, "--image", picture)
    assert (silent.returncode, "needs one --alt" in silent.stderr) == (1, True)
    given = service.run("review", review_id, "--image", picture, "--alt", "A light", "--json")
    assert given.returncode == 0, given.stderr
    thread = json.loads(given.stdout)
    assert thread["status"] == "published"
    assert thread["active_draft"]["media"] == [{"url": picture, "alt_text": "A light"}]


def test_a_decision_names_one_review_and_is_one(idle_service: "Service") -> None:
    both = idle_service.run("review", "01990000-0000-7000-8000-000000000000", "--accept", "--reject")
    assert both.returncode == 1
    nameless = idle_service.run("review", "--accept")
    assert "for one REVIEW_ID" in nameless.stderr
    unknown = idle_service.run("review", "01990000-0000-7000-8000-000000000000", "--accept")
    assert unknown.returncode == 4
    empty = idle_service.run("review")
    assert (empty.returncode, empty.stdout) == (0, "Nothing waits for a decision.\n")


def test_what_the_platform_refuses_comes_back_in_its_words(service: "Service") -> None:
    workflow = service.written("x")
    review = service.call("GET", f"/v1/reviews/{workflow['threads'][0]['pending_review_id']}")
    fault = {"platform": "x", "account": review["account"]["username"], "kind": "payment_required"}
    assert httpx.post(f"{service.settings.simulator_url}/_control/faults", json=fault).is_success
    done = service.run("review", stdin="a\na\n")
    assert done.returncode == 0, done.stderr
    assert "· x is awaiting review" in done.stdout
    assert "The platform refused this post:" in done.stdout
    assert _thread(service, workflow)["status"] == "published"
