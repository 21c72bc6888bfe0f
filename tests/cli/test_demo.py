"""`proofroom demo`: with a service that runs, and all by itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from cli import data_directory

if TYPE_CHECKING:
    from tests.cli.conftest import Service


@pytest.fixture
def running(service: "Service") -> "Service":
    """Its data directory looks as `proofroom up` leaves it while it runs."""
    data_directory.write(service.home, service.url, service.settings.simulator_url)
    (service.home / data_directory.OWNER_KEY_FILE).write_text(service.token)
    return service


def test_a_running_service_is_used_and_left_running(running: "Service") -> None:
    with data_directory.alone(running.home):
        done = running.run("demo", "--data-dir", str(running.home), stdin="a\na\na\n")
    assert done.returncode == 0, done.stderr
    [workflow] = running.call("GET", "/v1/workflows")["items"]
    assert workflow["status"] == "completed"
    for thread in workflow["threads"]:
        assert f"✓ {thread['platform']} published (simulated): {thread['url']}" in done.stdout
    assert "Starting Proofroom" not in done.stdout
    assert "Stopped." not in done.stdout


def test_questions_have_no_place_in_a_document(idle_service: "Service") -> None:
    done = idle_service.run("demo", "--json")
    assert (done.returncode, done.stdout) == (1, "")


def test_without_a_service_it_brings_its_own_and_stops_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--yes", "--json", "--data-dir", str(tmp_path / "kept")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    threads = json.loads(done.stdout)["threads"]
    assert {thread["platform"]: thread["status"] for thread in threads} == {
        "linkedin": "published",
        "x": "published",
        "blog": "published",
    }
    running = data_directory.read(tmp_path / "kept")
    assert running
    for address in (running.url, running.simulator_url):
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/healthz")
