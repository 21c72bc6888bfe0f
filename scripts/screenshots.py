"""Pictures of the pages, of a service of their own with real work in it: `make screenshots`.

Each page in desktop and phone width, light and dark, goes to build/screenshots; what the documentation shows, to docs/images.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from cli import data_directory
from scripts.owner import ROOT, Json, Owner, example
from tests.plugins.author import thread
from tests.plugins.browser import CHROMIUM, FLAGS

_TAKEN: Final = ROOT / "build" / "screenshots"
_SHOWN: Final = ROOT / "docs" / "images"
_IN_DOCS: Final = ("inbox", "review", "workflow", "ledger", "calendar", "new")
_SHOWN_BYTES: Final = 200_000
_SIZES: Final = {"desktop": (1280, 800), "phone": (360, 740)}
_THEMES: Final = ("light", "dark")
_SETTLED_MS: Final = 700
"""Charts are drawn and live parts are there; animations are off."""


@contextmanager
def _service(folder: Path) -> Iterator[str]:
    """A new service; its one-time sign-in link."""
    with socket.create_server((data_directory.LOOPBACK, 0)) as found:
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "cli.main", "up", "--data-dir", str(folder), "--port", str(port)]
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PROOFROOM_", "OPENAI_"))
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            yield next(
                link[0] for line in process.stdout if (link := re.search(r"http\S+/auth/link/\S+", line))
            )
        finally:
            process.terminate()


class _Owner(Owner):
    def __init__(self, folder: Path) -> None:
        running = data_directory.read(folder)
        assert running is not None
        key = (folder / data_directory.OWNER_KEY_FILE).read_text().strip()
        super().__init__(running.url, running.simulator_url or "", key)

    def upload(self, project: Json, name: str) -> Json:
        path = example(name)
        sent = {"file": (path.name, path.read_bytes())}
        made: Json = (
            self.api.post(f"/v1/projects/{project['id']}/files", files=sent).raise_for_status().json()
        )
        self.api.get(f"/v1/files/{made['id']}/text", params={"wait": 30}).raise_for_status()
        return made

    def decide(self, workflow: Json, platform: str, decision: str, **fields: Any) -> None:
        review_id = thread(workflow, platform)["pending_review_id"]
        review = self.api.get(f"/v1/reviews/{review_id}").raise_for_status().json()
        decided = {"decision": decision, "seen_hash": review["seen_hash"], **fields}
        self.post(f"/v1/reviews/{review_id}/decision", **decided)

    def fault(self, platform: str, kind: str) -> None:
        body = {"platform": platform, "kind": kind}
        self.simulators.post("/_control/faults", json=body).raise_for_status()


def _work(owner: _Owner) -> dict[str, str]:
    """Some published, scheduled, held, rejected and waiting. The addresses that depend on it."""
    owner.post("/v1/budgets", period="month", limit_usd="25.00")
    project = owner.post("/v1/projects", title="Spring launch", description="What goes out in May.")
    files = [owner.upload(project, name) for name in ("release-notes", "how-to-guide")]
    started = [
        owner.write("release-notes", "x", "linkedin", "blog"),
        owner.write("opinion-essay", "linkedin", "x"),
        owner.write("how-to-guide", "linkedin", "x", "blog"),
        owner.write("research-summary", "x", "linkedin", "blog"),
        owner.write("incident-report", "linkedin", "x", "blog"),
    ]
    notes, essay, guide, *_ = [owner.rested(each["id"]) for each in started]
    owner.decide(notes, "x", "accept")
    owner.decide(notes, "blog", "accept")
    next_week = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    owner.decide(notes, "linkedin", "accept", schedule_for=next_week.isoformat())
    feedback = "Open with the mistake that everybody makes, and be shorter."
    owner.decide(guide, "linkedin", "regenerate", feedback=feedback)
    owner.decide(essay, "x", "reject", feedback="This is not ours to say.")
    owner.rested(notes["id"])
    owner.fault("linkedin", "unauthorized")
    owner.decide(essay, "linkedin", "accept")
    owner.rested(essay["id"])
    review_id = thread(owner.rested(guide["id"]), "linkedin")["pending_review_id"]
    return {
        "review": f"/reviews/{review_id}",
        "workflow": f"/workflows/{notes['id']}",
        "project": f"/library/projects/{project['id']}",
        "file": f"/library/files/{files[0]['id']}",
    }


def _take(browser: Browser, link: str, addresses: dict[str, str]) -> None:
    signed_in = browser.new_context()
    signed_in.new_page().goto(link)
    state = signed_in.storage_state()
    for size, (width, height) in _SIZES.items():
        for theme in _THEMES:
            context = browser.new_context(
                base_url=link.partition("/auth/")[0],
                storage_state=state,
                viewport={"width": width, "height": height},
                is_mobile=size == "phone",
                has_touch=size == "phone",
                color_scheme=theme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, address in addresses.items():
                answer = page.goto(address)
                if answer is None or not answer.ok:
                    sys.stderr.write(f"{address} answers {answer and answer.status}; skipped\n")
                    continue
                page.wait_for_timeout(_SETTLED_MS)
                page.screenshot(path=_TAKEN / f"{name}-{size}-{theme}.png", full_page=True)
                if name in _IN_DOCS and (size, theme) == ("desktop", "light"):
                    page.screenshot(path=_SHOWN / f"{name}.png")
            context.close()


def main() -> None:
    shutil.rmtree(_TAKEN, ignore_errors=True)
    _TAKEN.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory(prefix="proofroom-screenshots-") as folder,
        _service(Path(folder)) as link,
    ):
        pages = {"inbox": "/inbox", **_work(_Owner(Path(folder)))}
        pages |= {
            name: f"/{name}"
            for name in ("new", "library", "workflows", "published", "calendar", "ledger", "settings")
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM.readlink(), args=[*FLAGS, "--enable-features=OverlayScrollbar"]
            )
            _take(browser, link, pages)
            browser.close()
    large = [path.name for path in _SHOWN.glob("*.png") if path.stat().st_size > _SHOWN_BYTES]
    if large:
        sys.exit(f"too large for docs/images, over {_SHOWN_BYTES} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
