"""The pages in a real Chromium: one of it per test process, and a profile of their own for each person in a test."""

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from core import processes
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError

CHROMIUM: Final = Path(sys.prefix, "chromium")
"""The link that scripts/chromium makes."""
FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    *(["--no-sandbox"] if os.getuid() == 0 else []),  # root may have no sandbox
)
_AXE: Final = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_MISSING: Final = "no Chromium was found: install one, then run scripts/chromium"
_LEFT: Final = "net::ERR_ABORTED"
"""What was under way when somebody went to another page, or what a newer request took the place of;"""
_GIVEN_UP: Final = re.compile(r"console: htmx:(sendAbort|afterRequest)\b")
"""and what htmx says of it. One that failed has an error of its own."""


@dataclass
class Site:
    """`await site.sign_in("ada")` is a page on which Ada is signed in; the test fails for whatever its console says."""

    url: str
    api: Api
    _browser: "Browser"
    _users: dict[str, User] = field(default_factory=dict)
    _contexts: "list[BrowserContext]" = field(default_factory=list)
    _complaints: list[str] = field(default_factory=list)
    _allowed: list[str] = field(default_factory=list)

    async def sign_in(self, who: User | str = "ada", **options: Any) -> "Page":
        """A new profile each time; who is not known by that name is registered. For `options` see `visitor`."""
        from api.auth import SESSION_COOKIE
        from web.session import WORKSPACE_COOKIE

        user = who if isinstance(who, User) else await self.user(who)
        page = await self.visitor(**options)
        cookies = {SESSION_COOKIE: user.headers["Authorization"].removeprefix("Bearer ")}
        if workspace := user.headers.get("X-Workspace-Id"):
            cookies[WORKSPACE_COOKIE] = workspace
        await page.context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )
        return page

    async def user(self, username: str) -> User:
        """The same one each time, for calls to the API on their behalf."""
        if username not in self._users:
            self._users[username] = await self.api.user(username)
        return self._users[username]

    async def visitor(self, *, width: int = 1280, height: int = 800, **options: Any) -> "Page":
        """Nobody yet. Options are Playwright's: `color_scheme="dark"`, `java_script_enabled=False`, `timezone_id=…`."""
        size: Any = {"width": width, "height": height}
        context = await self._browser.new_context(
            base_url=self.url, viewport=size, reduced_motion="reduce", locale="en-GB", **options
        )
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        self._contexts.append(context)
        self._watch(context)
        return await context.new_page()

    def allow(self, pattern: str) -> None:
        """Complaints that match are what this test is about: a refused answer, say, which browsers report as an error."""
        self._allowed.append(pattern)

    def complaints(self) -> list[str]:
        return [each for each in self._complaints if not any(re.search(one, each) for one in self._allowed)]

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _watch(self, context: "BrowserContext") -> None:
        def console(message: "ConsoleMessage") -> None:
            said = f"console: {message.text} ({message.location.get('url')})"
            if message.type == "error" and not _GIVEN_UP.match(said):
                self._complaints.append(said)

        def error(error: "WebError") -> None:
            self._complaints.append(f"uncaught: {error.error.stack}")

        def request(request: "Request") -> None:
            parts = urlsplit(request.url)
            if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
                self._complaints.append(f"left this machine: {request.url}")

        def failed(request: "Request") -> None:
            if request.failure != _LEFT:
                self._complaints.append(f"failed: {request.url}: {request.failure}")

        context.on("console", console)
        context.on("weberror", error)
        context.on("request", request)
        context.on("requestfailed", failed)


async def axe(page: "Page") -> None:
    """Nothing on this page, as it is now, stands seriously in the way of people with disabilities."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE.read_text())
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
    assert not serious, "\n".join([page.url, *serious])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if any(_MISSING in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(f"The browser tests were skipped: {_MISSING}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """Where this process's Chromium takes orders; it is started when the first test asks for it."""
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("BROWSER_TESTS") == "required" else pytest.skip)(_MISSING)
    with tempfile.TemporaryDirectory(prefix="proofroom-chromium-", ignore_cleanup_errors=True) as folder:
        log, profile = Path(folder, "log"), Path(folder, "profile")
        command = [
            str(CHROMIUM.readlink()),
            *FLAGS,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
        ]
        with log.open("wb") as output:
            process = processes.spawn(
                command, on_parent_death=signal.SIGKILL, env=os.environ, output=output, cwd=Path(folder)
            )
        try:
            yield _address(profile / "DevToolsActivePort", log)
        finally:
            processes.stop(process, (signal.SIGTERM, 5))


def _address(told: Path, log: Path) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not told.exists() or "\n" not in told.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
    port, path = told.read_text().split()
    return f"ws://127.0.0.1:{port}{path}"


@pytest.fixture
async def browser(chromium: str) -> "AsyncIterator[Browser]":
    from playwright.async_api import async_playwright, expect  # slow to load, and most tests do not need it

    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    async with async_playwright() as playwright:
        yield await playwright.chromium.connect_over_cdp(chromium)


@pytest.fixture
async def site(api: Api, live_url: str, browser: "Browser") -> AsyncIterator[Site]:
    """`api` on a real socket, to be looked at; tests/browser puts the pages on it."""
    made = Site(live_url, api, browser)
    yield made
    await made.close()
    assert not (complaints := made.complaints()), "\n".join(complaints)
