"""`proofroom feeds`, the real command against a real service and a site on loopback."""

import json
import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.settings import Settings

if TYPE_CHECKING:
    from tests.cli.conftest import Service

FEED = "<rss version='2.0'><channel><title>On tea</title>{}</channel></rss>"
ITEM = "<item><guid>{0}</guid><title>{0}</title><description>Some words.</description></item>"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """host:port; it serves what lies in tmp_path/site."""
    (tmp_path / "site").mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(settings: Settings, site: str) -> Settings:
    return settings.model_copy(update={"allow_private": [site]})


def test_feeds_are_added_listed_and_fetched(idle_service: "Service", site: str, tmp_path: Path) -> None:
    feed = tmp_path / "site" / "feed.xml"
    feed.write_text(FEED.format(ITEM.format("Green")))
    os.utime(feed, (0, 0))  # the site tells changes by the second
    address = f"http://{site}/feed.xml"
    added = idle_service.run("feeds", "add", address, "--platforms", "x, blog", "--exclude", "decaf")
    assert added.returncode == 0, added.stderr
    assert "Green (seen)" in added.stdout
    listed = idle_service.run("feeds", "list", "--json")
    [found] = json.loads(listed.stdout)
    assert (found["rule"]["platforms"], found["rule"]["exclude"]) == (["x", "blog"], ["decaf"])
    changes = (
        "--include",
        "",
        "--exclude",
        "Decaf",
        "--max-per-day",
        "2",
        "--page",
        "--hold",
        "--no-page",
        "--no-hold",
    )
    changed = json.loads(idle_service.run("feeds", "update", found["id"], *changes, "--json").stdout)
    assert changed["rule"] == {**found["rule"], "exclude": ["Decaf"], "max_per_day": 2}
    feed.write_text(FEED.format("".join(map(ITEM.format, ("White", "Decaf", "Green")))))
    fetched = idle_service.run("feeds", "fetch", found["id"])
    assert (fetched.returncode, fetched.stdout) == (0, "Workflows started: 1.\n")
    feed.unlink()
    failed = idle_service.run("feeds", "fetch", found["id"])
    assert (failed.returncode, failed.stdout) == (1, "It answered with HTTP 404.\n")
