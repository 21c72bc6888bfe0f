"""What every platform's adapter can do, and the five ways in which it may fail. The services own every reaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol
from uuid import UUID

import httpx
from pydantic import JsonValue

from core.content import Content
from core.policy import Policy


@dataclass(frozen=True, slots=True)
class Account:
    """A connected account with its credentials in the clear; lives only while an adapter is called."""

    id: UUID
    platform_user_id: str
    username: str
    base_url: str
    """Where its API answers, without a trailing slash: the platform's address, the blog's own, or a simulator."""
    credentials: Mapping[str, str] = field(repr=False)
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)
    simulated: bool = False
    addresses: Callable[[str], Awaitable[Sequence[str]]] | None = field(default=None, repr=False)
    """The host of a URL as checked addresses, for what is not spoken to over HTTP. Raises as the HTTP client would."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One reader of a publication that goes to many."""

    id: UUID
    """Of this publication for this reader: the same at each try."""
    address: str = field(repr=False)
    unsubscribe_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a recipient's copy. `deferred`: not taken now, to be tried again; `bounced`: there is no such
    address; `failed`: not taken, and not the address's fault; `unknown`: sent, and no answer came."""

    outcome: Literal["sent", "deferred", "failed", "bounced", "unknown"]
    detail: str
    """The server's words."""


class Recipients(Protocol):
    """Who is still to get a publication, one after the other."""

    list_id: UUID
    list_name: str

    async def next(self) -> Recipient | None:
        """Committed as being sent before it is answered. None: nobody else, or not in this call."""
        ...

    async def settle(self, recipient: Recipient, delivery: Delivery) -> None: ...


Kept = Mapping[str, JsonValue]
Keep = Callable[[Kept], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Publication:
    """One post to be made exactly once. `job_id` is the same at each attempt; adapters derive slugs and tags from it."""

    job_id: UUID
    content: Content
    first_attempt_at: datetime
    """Database time; nothing of this job can be on the platform from before it."""
    kept: Kept
    """What the last call of this job's adapter kept; empty at first."""
    keep: Keep
    """Commits, in place of what was kept before, what a later call must know: an id, before the step that uses it.
    Raises when somebody else has the job by then; the adapter lets that pass."""
    recipients: Recipients | None = None
    """Of a platform that `mails`."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's word that the post is out. `response` is kept on the ledger, without secrets."""

    platform_post_id: str
    url: str
    response: Mapping[str, JsonValue] = field(default_factory=dict)
    by_words: bool = field(default=False, compare=False)
    """Found by its words alone: another job's post may have the same."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The platform was asked and the post is surely not there: it may be sent again."""

    evidence: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The platform was asked, or cannot be asked, and does not say. `reason` is for the person who decides."""

    reason: str


LookUp = Receipt | Absent | CannotTell


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the credentials belong to, as the platform says it."""

    platform_user_id: str
    username: str
    display_name: str = ""
    avatar_url: str | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


class PlatformError(Exception):
    """`detail` is for people and carries the platform's own words; `code` is the class name."""

    code: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.code = cls.__name__

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RateLimited(PlatformError):
    """Nothing was posted; try again after `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Reauthorize(PlatformError):
    """The account's token or key is gone or lacks a permission; nothing was posted."""


class Refused(PlatformError):
    """Permanent: this post will not be taken as it is; nothing was posted."""


class Unreachable(PlatformError):
    """The request surely was not carried out: safe to send again."""


class OutcomeUnknown(PlatformError):
    """Something was sent and no answer came back: never sent again until the platform has been asked."""


class Publisher(Protocol):
    """`http` carries time-outs and guards; adapters never build a client. Each method raises PlatformError only."""

    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        """Make the post. May find that it is out already, and answers with its receipt."""
        ...

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        """Did it go out? Read-only."""
        ...

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        """Take it back; done already is success."""
        ...

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        """Test the credentials."""
        ...


@dataclass(frozen=True, slots=True)
class Credential:
    """One field that a person pastes to connect an account."""

    name: str
    label: str
    secret: bool = True
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as the registry lists it. `url` is where its API lives, None where each account has its own."""

    policy: Policy
    publisher: Publisher
    credentials: tuple[Credential, ...]
    url: str | None
    preview: Callable[[Content], dict[str, JsonValue]]
    """The content as the platform shows it: plain text, but for the keys named `html`, which are sanitised."""
    address_hint: str = "Where it is, for example https://blog.example.com"
    """For accounts that have an address of their own."""
    mails: bool = False
    """A publication goes to many recipients, one by one. Its calls take as long as `publish` is given recipients, and
    its receipt says that all that were given have been tried."""

    @property
    def name(self) -> str:
        return self.policy.platform
