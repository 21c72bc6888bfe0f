"""A real Ghost on a free port, for `pytest -m ghost` alone: the first time it is installed, which takes minutes."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from uuid_utils.compat import uuid7

from core.http import guarded_client
from core.settings import Settings
from platforms.base import Account

INSTALL = Path(__file__).parents[2] / "scripts" / "install-ghost"
START_SECONDS = 120
STOP_SECONDS = 20
FOLDERS = ("data", "images", "logs", "files", "media", "settings", "adapters", "public")


@dataclass(frozen=True)
class Ghost:
    url: str
    admin_api_key: str

    @property
    def account(self) -> Account:
        return Account(uuid7(), self.url, "127.0.0.1", self.url, {"admin_api_key": self.admin_api_key})


@pytest.fixture(scope="session")
def ghost(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ghost]:
    if request.config.getoption("markexpr") != "ghost":
        pytest.skip("make test-ghost runs these")
    installed = subprocess.run([INSTALL], check=True, stdout=subprocess.PIPE, text=True)
    package = Path(installed.stdout.strip())
    content = tmp_path_factory.mktemp("ghost")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (content / "ghost.log").open("wb") as log:
        process = subprocess.Popen(
            ["node", "index.js"],
            cwd=package,
            env=_environment(package, content, url, port),
            stdout=log,
            stderr=log,
        )
    try:
        _wait(url, process, content / "ghost.log")
        yield Ghost(url, _set_up(url))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
async def http(ghost: Ghost) -> AsyncIterator[httpx.AsyncClient]:
    async with guarded_client(Settings(allow_private=[ghost.url.removeprefix("http://")]), 30) as client:
        yield client


def _environment(package: Path, content: Path, url: str, port: int) -> dict[str, str]:
    for folder in FOLDERS:
        (content / folder).mkdir()
    shutil.copytree(package / "content" / "themes", content / "themes", symlinks=False)
    return {
        **os.environ,
        "NODE_ENV": "production",
        "url": url,
        "server__host": "127.0.0.1",
        "server__port": str(port),
        "database__client": "sqlite3",
        "database__connection__filename": str(content / "data" / "ghost.db"),
        "database__useNullAsDefault": "true",
        "paths__contentPath": str(content),
        "security__staffDeviceVerification": "false",
        "updateCheck__forceUpdate": "false",
        "privacy__useUpdateCheck": "false",
        "privacy__useGravatar": "false",
        "privacy__useRpcPing": "false",
        "logging__transports": '["stdout"]',
    }


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if httpx.get(f"{url}/ghost/api/admin/site/").status_code == 200:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        assert process.poll() is None, f"Ghost ended: {log.read_text()[-3000:]}"
        assert time.monotonic() < deadline, f"Ghost does not answer: {log.read_text()[-3000:]}"
        time.sleep(0.3)


def _set_up(url: str) -> str:
    """The first owner and an integration's Admin API key, as the browser would make them."""
    owner = {
        "name": "Owner",
        "email": "owner@example.com",
        "password": secrets.token_urlsafe(24),
        "blogTitle": "Real",
    }
    with httpx.Client(base_url=f"{url}/ghost/api/admin/", headers={"Origin": url}, timeout=30) as browser:
        browser.post("authentication/setup/", json={"setup": [owner]}).raise_for_status()
        login = {"username": owner["email"], "password": owner["password"]}
        browser.post("session/", json=login).raise_for_status()
        made = browser.post("integrations/?include=api_keys", json={"integrations": [{"name": "Proofroom"}]})
        keys = made.raise_for_status().json()["integrations"][0]["api_keys"]
    admin: str = next(f"{key['id']}:{key['secret'].split(':')[-1]}" for key in keys if key["type"] == "admin")
    return admin
