"""`proofroom write`, the real command against a real service."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cli import data_directory
from services.library.projects import UPLOADS_TITLE
from tests.patience import PATIENCE_SECONDS
from tests.plugins.openai_server import Answer, OpenAIServer

if TYPE_CHECKING:
    from tests.cli.conftest import Service


def test_an_article_becomes_drafts_with_scores(service: "Service", article: str) -> None:
    done = service.run(
        "write", article, "--platforms", "x,linkedin,blog", "--bar", "70", "--keyword", "backup"
    )
    assert done.returncode == 0, done.stderr
    for platform in ("x", "linkedin", "blog"):
        assert f"{platform}: draft 1\n" in done.stdout
        assert f"{platform}: awaiting review" in done.stdout
    assert "(offline critic)" in done.stdout
    workflow = service.call("GET", "/v1/workflows")["items"][0]
    assert workflow["options"]["quality_bar"] == 70
    assert f"proofroom review --workflow {workflow['id']}" in done.stdout
    post = next(thread["active_draft"] for thread in workflow["threads"] if thread["platform"] == "x")
    assert post["content"].split("\n")[0][:60] in done.stdout


def test_json_is_one_document_and_nothing_else(service: "Service", tmp_path: Path) -> None:
    done = service.run("write", "-", "--platforms", "x", "--json", stdin="Our tea is 12% stronger since May.")
    assert done.returncode == 0, done.stderr
    [thread] = json.loads(done.stdout)["threads"]
    assert thread["status"] == "awaiting_review"
    assert thread["pending_review_id"]
    assert done.stderr == ""
    page = tmp_path / "page.html"  # is uploaded, and read by the service
    page.write_text("<h1>On tea</h1><p>Our tea is 12% stronger since May.</p>" * 2)
    done = service.run("write", str(page), "--platforms", "x", "--json")
    assert done.returncode == 0, done.stderr
    workflow = json.loads(done.stdout)
    assert (workflow["source"]["type"], workflow["threads"][0]["status"]) == ("file", "awaiting_review")
    [project] = service.call("GET", "/v1/projects")["items"]
    [file] = service.call("GET", f"/v1/projects/{project['id']}/files")["items"]
    assert (project["title"], file["name"]) == (UPLOADS_TITLE, "page.html")
    read = service.run("files", "text", file["id"])
    assert (read.returncode, "stronger since May" in read.stdout) == (0, True)


def test_it_need_not_be_watched(idle_service: "Service", article: str) -> None:
    done = idle_service.run(
        "write",
        article,
        "--platforms",
        "x",
        "--no-follow",
        "--schedule",
        "2100-01-01 09:00",
        "--external-id",
        "A-1",
    )
    assert done.returncode == 0, done.stderr
    [workflow] = idle_service.call("GET", "/v1/workflows?external_id=A-1")["items"]
    assert workflow["schedule_for"].startswith("2100-01-01T09:00")
    assert workflow["id"] in done.stdout


def test_ctrl_c_stops_watching_and_nothing_else(idle_service: "Service", article: str) -> None:
    process = idle_service.start("write", article, "--platforms", "x")
    assert process.stdout is not None
    assert process.stdout.readline() == "x: generating\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    [workflow] = idle_service.call("GET", "/v1/workflows")["items"]
    assert process.returncode == 130
    assert f"Workflow {workflow['id']} goes on" in err
    assert workflow["status"] == "running"


def test_a_service_that_is_started_again_is_followed_on(idle_service: "Service", article: str) -> None:
    process = idle_service.start("write", article, "--platforms", "x")
    assert process.stdout is not None
    assert process.stdout.readline() == "x: generating\n"
    idle_service.stop_api()
    time.sleep(0.3)
    idle_service.start_api()
    idle_service.start_worker()
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, err
    assert "x: generating" not in out  # it was told before
    assert "x: awaiting review" in out


def test_what_is_wrong_is_one_clear_line(idle_service: "Service", article: str) -> None:
    wrong = idle_service.run("write", article, "--platforms", "x,myspace")
    assert wrong.returncode == 1
    assert wrong.stdout == ""
    assert wrong.stderr.count("\n") == 1
    assert wrong.stderr.count("/platforms/1: ") == 1

    missing = idle_service.run("write", "nowhere.md", "--platforms", "x", "--json")
    assert missing.returncode == 4
    assert missing.stdout == ""
    assert json.loads(missing.stderr)["detail"] == "nowhere.md cannot be read: No such file or directory."

    later = idle_service.run("write", article, "--platforms", "x", "--schedule", "tomorrow")
    assert later.returncode == 1
    assert "'tomorrow' is not a time." in later.stderr
    nobody = "01990000-0000-7000-8000-000000000000"
    for option in ("file", "post"):
        unknown = idle_service.run("write", f"--{option}-id", nobody, "--platforms", "x")
        assert f"There is no such {option}." in unknown.stderr
    both = idle_service.run("write", article, "--post-id", nobody, "--platforms", "x")
    assert "Name one thing to write about" in both.stderr
    assert idle_service.call("GET", "/v1/workflows")["items"] == []


def test_who_is_not_let_in_is_told_how(idle_service: "Service", article: str) -> None:
    refused = idle_service.run("write", article, "--platforms", "x", PROOFROOM_API_KEY="prk_wrong")
    assert refused.returncode == 5
    assert refused.stderr.startswith("proofroom: The token or key is not valid")

    nobody = idle_service.run("write", article, "--platforms", "x", PROOFROOM_URL="http://127.0.0.1:1")
    assert nobody.returncode == 7
    assert "No service answers at http://127.0.0.1:1" in nobody.stderr
    assert "`proofroom up`" in nobody.stderr


def test_the_data_directory_names_the_service_and_has_the_key(idle_service: "Service", article: str) -> None:
    folder = idle_service.home / "kept"
    folder.mkdir()
    here = {"PROOFROOM_URL": "", "PROOFROOM_API_KEY": "", "PROOFROOM_DATA_DIR": str(folder)}
    arguments = ("write", article, "--platforms", "x", "--no-follow")

    before = idle_service.run(*arguments, **here)
    assert before.returncode == 7
    assert "Start it with `proofroom up`" in before.stderr

    data_directory.write(folder, idle_service.url, None)
    keyless = idle_service.run(*arguments, **here)
    assert keyless.returncode == 5

    (folder / data_directory.OWNER_KEY_FILE).write_text(f"{idle_service.token}\n")
    assert idle_service.run(*arguments, **here).returncode == 0

    elsewhere = idle_service.run(*arguments, **{**here, "PROOFROOM_URL": "http://127.0.0.2:1"})
    assert elsewhere.returncode == 5  # the key is not shown to strangers


def test_on_a_terminal_the_text_is_seen_as_it_is_written(
    idle_service: "Service", openai_server: OpenAIServer, article: str
) -> None:
    idle_service.settings = idle_service.settings.model_copy(
        update={"openai_base_url": openai_server.base_url}
    )
    openai_server.script(Answer(chunk_delay=0.05), kind="post")
    idle_service.start_worker()
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "cli.main", "write", article, "--platforms", "x"]
    environment = {**idle_service.environment, "TERM": "xterm"}
    process = subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = ""
    with suppress(OSError):  # how a terminal's end reads
        while piece := os.read(screen, 65536):
            shown += piece.decode(errors="replace")
    os.close(screen)
    assert process.wait() == 0, shown
    [thread] = idle_service.call("GET", "/v1/workflows")["items"][0]["threads"]
    first_words = thread["active_draft"]["content"][:20]
    assert first_words in shown[: shown.index("awaiting review")]
    assert f"({idle_service.settings.critic_model})" in shown
