"""Posts to X for a user. X knows no idempotency key: a lost post is looked for among the user's own."""

from datetime import UTC, datetime
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, JsonValue

from platforms.base import (
    Absent,
    Account,
    CannotTell,
    Identity,
    LookUp,
    Publication,
    Reauthorize,
    Receipt,
    Refused,
)
from platforms.sending import CLOCK_SKEW, error_body, parse, said, send
from platforms.x.session import headers, retry_after, words
from platforms.x.text import Link, as_written, canonical
from platforms.x.upload import upload

PAGE_SIZE = 100
MAX_PAGES = 3
_NOT_AUTHORISED = ("unsupported-authentication", "client-forbidden", "oauth", "client-not-enrolled")
"""In the `type` of a 403: the token, not the post, is what X objects to."""


class Entities(BaseModel):
    urls: list[Link] = []


class Note(BaseModel):
    text: str
    entities: Entities = Entities()


class Tweet(BaseModel):
    id: str
    text: str
    created_at: datetime = datetime.min.replace(tzinfo=UTC)
    entities: Entities = Entities()
    note_tweet: Note | None = None
    """The whole of a text longer than 280."""

    def written(self) -> str:
        whole = self.note_tweet or self
        return as_written(whole.text, whole.entities.urls)


class Created(BaseModel):
    data: Tweet


class Meta(BaseModel):
    next_token: str | None = None


class Timeline(BaseModel):
    data: list[Tweet] = []
    meta: Meta = Meta()
    errors: list[dict[str, JsonValue]] = Field(default_factory=list)


class User(BaseModel):
    id: str
    username: str
    name: str = ""
    profile_image_url: str | None = None


class Me(BaseModel):
    data: User


class Deletion(BaseModel):
    deleted: bool = False


class Deleted(BaseModel):
    data: Deletion = Deletion()
    errors: list[dict[str, JsonValue]] = Field(default_factory=list)


class XPublisher:
    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        media_ids = [await upload(http, account, media) for media in publication.content.media]
        body: dict[str, object] = {"text": publication.content.content}
        if media_ids:
            body["media"] = {"media_ids": media_ids}
        response = await send(
            http,
            "POST",
            f"{account.base_url}/2/tweets",
            words=words,
            publishes=True,
            expected=(403,),
            retry_after=retry_after,
            headers=headers(account),
            json=body,
        )
        if response.status_code == 403:
            return await self._forbidden(http, account, publication, response)
        return _receipt(account, parse(response, Created, publishes=True).data.id)

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        wanted = canonical(publication.content.content)
        since = publication.first_attempt_at - CLOCK_SKEW
        start = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        address = (
            f"{account.base_url}/2/users/{quote(account.platform_user_id, safe='')}/tweets"
            f"?max_results={PAGE_SIZE}&start_time={start}&tweet.fields=created_at,entities,note_tweet"
        )
        token, seen = "", 0
        for _ in range(MAX_PAGES):
            response = await send(
                http,
                "GET",
                f"{address}&pagination_token={quote(token)}" if token else address,
                words=words,
                retry_after=retry_after,
                headers=headers(account),
            )
            timeline = parse(response, Timeline)
            if timeline.errors and not timeline.data:
                return CannotTell(f"X does not show this account's posts: {said(response, words)}")
            seen += len(timeline.data)
            for tweet in timeline.data:
                if tweet.created_at >= since and canonical(tweet.written()) == wanted:
                    return _receipt(account, tweet.id, by_words=True)
            if timeline.meta.next_token is None:
                return Absent({"looked_at": seen})
            token = timeline.meta.next_token
        return CannotTell(f"The post is not among this account's last {seen}.")

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        response = await send(
            http,
            "DELETE",
            f"{account.base_url}/2/tweets/{quote(platform_post_id, safe='')}",
            words=words,
            expected=(404,),
            retry_after=retry_after,
            headers=headers(account),
        )
        if response.status_code == 404:
            return
        answer = parse(response, Deleted)
        # X answers 200 with `errors` for a post that is not there.
        gone = any("resource-not-found" in str(error.get("type")) for error in answer.errors)
        if not (answer.data.deleted or gone):
            raise Refused(said(response, words))

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        response = await send(
            http,
            "GET",
            f"{account.base_url}/2/users/me?user.fields=profile_image_url",
            words=words,
            retry_after=retry_after,
            headers=headers(account),
        )
        user = parse(response, Me).data
        return Identity(user.id, user.username, user.name, user.profile_image_url)

    async def _forbidden(
        self, http: httpx.AsyncClient, account: Account, publication: Publication, response: httpx.Response
    ) -> Receipt:
        body, detail = error_body(response), said(response, words)
        if any(kind in str(body.get("type")) for kind in _NOT_AUTHORISED):
            raise Reauthorize(detail)
        if "duplicate" in detail.lower():
            found = await self.find(http, account, publication)
            if isinstance(found, Receipt):
                return found
        raise Refused(detail)


def _receipt(account: Account, tweet_id: str, *, by_words: bool = False) -> Receipt:
    pages = account.base_url.replace("https://api.x.com", "https://x.com")
    return Receipt(tweet_id, f"{pages}/{account.username}/status/{tweet_id}", {"id": tweet_id}, by_words)
