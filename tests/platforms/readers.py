"""A newsletter's readers, and its account at a mail server on loopback."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import uuid4

import httpx

from core.content import Content, Media
from core.http import check_address
from core.settings import Settings
from core.simulated import simulated_account
from platforms.base import Account, Delivery, Recipient
from platforms.email import PLATFORM
from tests.plugins.publications import publication_of

CONTENT = Content(
    content="# News\n\nWe ship **today**. <script>alert(1)</script>\n\n![A](https://a.example/b.png) [Read](https://example.com)",
    metadata={"title": "We ship\ntoday ✓", "excerpt": "What is in it"},
    media=(Media(url="https://example.com/a.png?b=1&c=2", alt_text='A "ship"'),),
)


@dataclass
class Readers:
    """As the service hands them over."""

    waiting: deque[Recipient]
    settled: dict[str, Delivery] = field(default_factory=dict)
    list_id = uuid4()
    list_name = "Friends & <family>"

    async def next(self) -> Recipient | None:
        return self.waiting.popleft() if self.waiting else None

    async def settle(self, recipient: Recipient, delivery: Delivery) -> None:
        self.settled[recipient.address] = delivery

    @property
    def outcomes(self) -> dict[str, str]:
        return {address.partition("@")[0]: each.outcome for address, each in self.settled.items()}


@dataclass
class Sending:
    account: Account
    readers: Readers
    content: Content = CONTENT

    async def run(self) -> None:
        publication = replace(publication_of(self.content), recipients=self.readers)
        async with httpx.AsyncClient() as http:
            await PLATFORM.publisher.publish(http, self.account, publication)


def account_at(peer: str, allowed: Sequence[str] = (), **changes: object) -> Account:
    made = simulated_account("email", "harbour", f"smtp://{peer}")
    settings = Settings(allow_private=[peer, *allowed])
    account = Account(
        id=uuid4(),
        platform_user_id=made.platform_user_id,
        username=made.username,
        base_url=made.base_url,
        credentials=made.credentials,
        simulated=True,
        addresses=partial(check_address, settings),
    )
    return replace(account, **changes)  # type: ignore[arg-type] # the fields' own types


def to(account: Account, *names: str) -> Sending:
    recipients = [
        Recipient(uuid4(), f"{name}@readers.example", f"https://proofroom.example/unsubscribe/{name}")
        for name in names
    ]
    return Sending(account, Readers(deque(recipients)))
