"""A simulated account of its own for each test, the real HTTP client, and a way to order faults."""

import base64
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import JsonValue
from uuid_utils.compat import uuid7

from core.content import Content, Media
from core.http import publishing_client
from core.settings import Settings
from core.simulated import Simulated, simulated_account
from platforms.base import Account, Publication
from platforms.blog.session import headers
from tests.platforms.readers import account_at
from tests.plugins.mail import MailServer
from tests.plugins.publications import publication_of

TIMEOUT = 10
IMPATIENCE = 0.7
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Peer:
    """One simulated account, its simulator's record, and its faults."""

    account: Account
    http: httpx.AsyncClient
    url: str
    platform: Simulated

    async def fault(self, kind: str, **options: JsonValue) -> None:
        order = {"platform": self.platform, "account": self.account.username, "kind": kind, **options}
        response = await self.http.post(f"{self.url}/_control/faults", json=order)
        assert response.status_code == 201, response.text

    async def posts(self, status: str | None = "published") -> list[dict[str, Any]]:
        query = {"platform": self.platform, "account": self.account.username}
        response = await self.http.get(f"{self.url}/_control/posts", params=query)
        return [post for post in response.json()["items"] if status in (None, post["status"])]

    def publication(self, content: Content) -> Publication:
        """Of `content`, with a picture where a post must have one."""
        if self.platform == "instagram" and not content.media:
            picture = Media(url=f"{self.url}/sample.jpg", alt_text="A light in the dark")
            content = content.model_copy(update={"media": (picture,)})
        return publication_of(content)

    def with_credentials(self, **credentials: str) -> Account:
        return replace(self.account, credentials={**self.account.credentials, **credentials})


Connect = Callable[[Simulated], Peer]


@pytest.fixture
async def http(simulator_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with publishing_client(Settings(simulator_url=simulator_url), TIMEOUT) as client:
        yield client


@pytest.fixture
async def impatient(simulator_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Gives up on answers that come late."""
    async with publishing_client(Settings(simulator_url=simulator_url), IMPATIENCE) as client:
        yield client


@pytest.fixture
def connect(simulator_url: str, http: httpx.AsyncClient) -> Connect:
    def connected(platform: Simulated) -> Peer:
        simulated = simulated_account(platform, f"t-{uuid4().hex[:12]}", simulator_url)
        account = Account(
            id=uuid7(),
            platform_user_id=simulated.platform_user_id,
            username=simulated.username,
            base_url=simulated.base_url,
            credentials=simulated.credentials,
            simulated=True,
        )
        return Peer(account, http, simulator_url, platform)

    return connected


@pytest.fixture
async def image_url(connect: Connect) -> str:
    """A PNG that somebody else's blog hosts."""
    peer = connect("blog")
    files = {"file": ("dot.png", PNG, "image/png")}
    response = await peer.http.post(
        f"{peer.account.base_url}/ghost/api/admin/images/upload/", files=files, headers=headers(peer.account)
    )
    url: str = response.json()["images"][0]["url"]
    return url


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Bound and not listening, so that nobody else gets it meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def account(mail_server: MailServer) -> Account:
    """A newsletter's."""
    return account_at(f"127.0.0.1:{mail_server.port}")
