"""LangChain's Agent Inbox in a browser against a service of its own: each button, and who comes second.

    .venv/bin/python scripts/agent_inbox.py http://127.0.0.1:3000

The address is that of an Agent Inbox that somebody has built and serves on this machine; nothing of it is here. Takes the
two pictures of docs/agent-inbox.md.
"""

import re
import sys
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.service import Service, running
from scripts.owner import ROOT, Json, Owner
from tests.plugins.browser import CHROMIUM, FLAGS

_IMAGES: Final = ROOT / "docs" / "images"
_PATIENCE_SECONDS: Final = 30
_DEVELOPMENT: Final = "nextjs-portal { display: none }"
"""What its development server lays over the page."""
_EDITED: Final = "These words are ours."


class _Owner(Owner):
    """What the service says of it."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.base_urls[0], service.simulator_url, service.owner.api_key)

    def thread(self, thread_id: str) -> Json:
        found: Json = self.api.get(f"/threads/{thread_id}").raise_for_status().json()
        return found

    def status(self, thread_id: str) -> str:
        """As soon as nothing moves any more."""
        workflow = self.rested(self.thread(thread_id)["metadata"]["workflow_id"])
        return next(str(each["status"]) for each in workflow["threads"] if each["thread_id"] == thread_id)

    def published(self, platform: str) -> list[str]:
        answer = self.simulators.get("/_control/posts", params={"platform": platform}).raise_for_status()
        return [post["text"] for post in answer.json()["items"]]

    def reject(self, thread_id: str) -> None:
        self.post(f"/threads/{thread_id}/state", values=None, as_node="__end__")


class _Inbox:
    """A new browser profile with one inbox in it."""

    def __init__(self, browser: Browser, address: str, service: Service, graph: str) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        self._items = self.page.get_by_text(f"publish_{graph}_post")
        self.page.goto(address)
        expect(self.page).to_have_url(re.compile("limit=10"))  # before, it may load itself again
        self.page.get_by_label("Assistant/Graph ID").fill(graph)
        self.page.get_by_label("Deployment URL").fill(service.base_urls[0])
        self.page.get_by_label("Name").fill(f"Proofroom: {graph}")
        with self.page.expect_event("load"):
            self.page.locator("form").get_by_role("button", name="Add Inbox").click()
        self.page.goto(address)  # it may ask for a first inbox again
        expect(self.page).to_have_url(re.compile("agent_inbox="))
        expect(self.page.get_by_text(f"Proofroom: {graph}").first).to_be_visible()
        self.page.get_by_role("button", name="Settings").click()
        key = self.page.get_by_label("LangSmith API Key")
        key.fill(service.owner.api_key)
        self.page.keyboard.press("Escape")
        expect(key).to_have_count(0)

    def lists(self, count: int) -> None:
        expect(self.page).not_to_have_url(re.compile("view_state"))
        expect(self._items).to_have_count(count)

    def open(self) -> str:
        """The newest. Its thread's id."""
        self._items.first.click()
        expect(self.button("Mark as Resolved")).to_be_visible()
        return self.page.url.partition("view_state_thread_id=")[2]

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def take(self, name: str, height: int) -> None:
        self.page.set_viewport_size({"width": 1280, "height": height})
        self.page.mouse.move(0, 0)
        self.page.screenshot(path=_IMAGES / f"agent-inbox-{name}.png", style=_DEVELOPMENT)


def _decide(inbox: _Inbox, owner: _Owner) -> None:
    inbox.lists(5)
    inbox.take("list", 600)

    accepted = inbox.open()
    text = owner.thread(accepted)["values"]["drafts"][-1]["content"]
    inbox.button("Accept").click()
    inbox.lists(4)
    assert owner.status(accepted) == "published"
    assert owner.published("linkedin") == [text]

    edited = inbox.open()
    inbox.page.locator("textarea").first.fill(_EDITED)
    inbox.button("Submit").click()
    inbox.lists(3)
    assert owner.status(edited) == "published"
    assert owner.published("linkedin") == [_EDITED, text]

    answered = inbox.open()
    inbox.page.get_by_placeholder("Your response here").fill("Say it shorter.")
    inbox.button("Send Response").click()
    expect(inbox.page.get_by_placeholder("Your response here")).to_have_value("")
    expect(inbox.button("Ignore")).to_be_enabled()
    assert owner.status(answered) == "awaiting_review"
    assert len(owner.thread(answered)["values"]["drafts"]) > 1
    inbox.button("Ignore").click()
    inbox.lists(2)
    assert owner.status(answered) == "rejected"

    resolved = inbox.open()
    inbox.button("Mark as Resolved").click()
    inbox.lists(1)
    assert owner.status(resolved) == "rejected"

    late = inbox.open()
    owner.reject(late)
    inbox.button("Accept").click()
    expect(inbox.page.get_by_text("Failed to submit response.").first).to_be_visible()
    assert owner.status(late) == "rejected"
    assert owner.published("linkedin") == [_EDITED, text]


def main(address: str) -> None:
    expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
    with running(null_agents=False, accounts_each=1) as service, sync_playwright() as playwright:
        owner = _Owner(service)
        for example in ("incident-report", "opinion-essay", "research-summary", "how-to-guide"):
            owner.rested(owner.write(example, "linkedin")["id"])
        owner.rested(owner.write("release-notes", "linkedin", "x", "blog")["id"])
        browser = playwright.chromium.launch(executable_path=CHROMIUM.readlink(), args=list(FLAGS))
        _decide(_Inbox(browser, address, service, "linkedin"), owner)
        for graph in ("x", "blog"):
            inbox = _Inbox(browser, address, service, graph)
            inbox.lists(1)
            thread_id = inbox.open()
            if graph == "x":
                inbox.take("review", 1110)
            inbox.button("Accept").click()
            inbox.lists(0)
            assert owner.status(thread_id) == "published"
        browser.close()
    sys.stdout.write(
        "listed, opened, accepted, edited, answered, ignored, resolved; who came second was told\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
