"""What a user has posted since a moment, as X gives it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, JsonValue

from platforms.base import Account, CannotTell
from platforms.sending import CLOCK_SKEW, parse, said
from platforms.x.session import ask, words
from platforms.x.text import Link, as_written, canonical

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 3


class Entities(BaseModel):
    urls: list[Link] = []


class Note(BaseModel):
    text: str
    entities: Entities = Entities()


class Reference(BaseModel):
    type: str
    id: str


class Tweet(BaseModel):
    id: str
    text: str
    created_at: datetime = datetime.min.replace(tzinfo=UTC)
    entities: Entities = Entities()
    note_tweet: Note | None = None
    """The whole of a text longer than 280."""
    referenced_tweets: list[Reference] = []

    def says(self, text: str) -> bool:
        whole = self.note_tweet or self
        return canonical(as_written(whole.text, whole.entities.urls)) == canonical(text)

    @property
    def replies_to(self) -> str | None:
        return next((each.id for each in self.referenced_tweets if each.type == "replied_to"), None)


class Meta(BaseModel):
    next_token: str | None = None


class Page(BaseModel):
    data: list[Tweet] = []
    meta: Meta = Meta()
    errors: list[dict[str, JsonValue]] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Newest first; `whole`: nothing since the moment is missing."""

    tweets: tuple[Tweet, ...]
    whole: bool


def find(tweets: Sequence[Tweet], text: str, *, after: str | None) -> Tweet | None:
    """The post that says it; `after`: as a reply to this one, None: as a reply to none."""
    return next((each for each in tweets if each.replies_to == after and each.says(text)), None)


async def read(
    http: httpx.AsyncClient, account: Account, first_attempt_at: datetime
) -> Timeline | CannotTell:
    since = first_attempt_at - CLOCK_SKEW
    start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = (
        f"users/{quote(account.platform_user_id, safe='')}/tweets?max_results={PAGE_SIZE}"
        f"&start_time={start}&tweet.fields=created_at,entities,note_tweet,referenced_tweets"
    )
    tweets: list[Tweet] = []
    token: str | None = None
    for _ in range(MAX_PAGES):
        going_on = f"&pagination_token={quote(token)}" if token else ""
        response = await ask(http, account, "GET", f"{path}{going_on}")
        page = parse(response, Page)
        if page.errors and not page.data:
            return CannotTell(f"X does not show this account's posts: {said(response, words)}")
        tweets += [tweet for tweet in page.data if tweet.created_at >= since]
        token = page.meta.next_token
        if token is None:
            break
    return Timeline(tuple(tweets), whole=token is None)
