"""Posts to X for a user. X knows no idempotency key: a lost post is looked for among the user's own.

A thread is posted part by part, each a reply to the one before it. Each part's id is kept before the next is posted, so
that whoever goes on, after a crash too, goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, JsonValue

from platforms.base import (
    Absent,
    Account,
    CannotTell,
    Identity,
    LookUp,
    PlatformError,
    Publication,
    Reauthorize,
    Receipt,
    Refused,
    Unreachable,
)
from platforms.sending import error_body, parse, said
from platforms.uploads import kept, together
from platforms.x import timeline
from platforms.x.session import ask, words
from platforms.x.upload import upload

_PARTS: Final = "parts"
_NOT_AUTHORISED = ("unsupported-authentication", "client-forbidden", "oauth", "client-not-enrolled")
"""In the `type` of a 403: the token, not the post, is what X objects to."""


class Posted(BaseModel):
    id: str


class Created(BaseModel):
    data: Posted


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
    def __init__(self, split: Callable[[str], tuple[str, ...]]) -> None:
        self._split = split

    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        texts, ids = self._split(publication.content.content), kept(publication, _PARTS)
        by_words = False
        for number, text in enumerate(texts[len(ids) :], len(ids) + 1):
            try:
                post_id, found = await self._post(http, account, publication, text, ids)
            except Refused as refused:
                raise Refused(await self._without(http, account, publication, ids, refused)) from refused
            by_words = by_words or (found and not ids)
            ids.append(post_id)
            if number < len(texts):
                await publication.keep({_PARTS: [*ids]})
        return _receipt(account, ids, by_words=by_words)

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        found = await timeline.read(http, account, publication.first_attempt_at)
        if isinstance(found, CannotTell):
            return found
        texts, before = self._split(publication.content.content), kept(publication, _PARTS)
        ids = [*before]
        for text in texts[len(before) :]:
            tweet = timeline.find(found.tweets, text, after=ids[-1] if ids else None)
            if tweet is None:
                break
            ids.append(tweet.id)
        if len(ids) == len(texts):
            return _receipt(account, ids, by_words=not before)
        if not found.whole:
            return CannotTell(f"The post is not among this account's last {len(found.tweets)}.")
        if len(ids) > len(before):
            await publication.keep({_PARTS: [*ids]})
        return Absent({"looked_at": len(found.tweets), **({"parts": len(ids)} if ids else {})})

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        path = f"tweets/{quote(platform_post_id, safe='')}"
        response = await ask(http, account, "DELETE", path, expected=(404,))
        if response.status_code == 404:
            return
        answer = parse(response, Deleted)
        # X answers 200 with `errors` for a post that is not there.
        gone = any("resource-not-found" in str(error.get("type")) for error in answer.errors)
        if not (answer.data.deleted or gone):
            raise Refused(said(response, words))

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        response = await ask(http, account, "GET", "users/me?user.fields=profile_image_url")
        user = parse(response, Me).data
        return Identity(user.id, user.username, user.name, user.profile_image_url)

    async def _post(
        self,
        http: httpx.AsyncClient,
        account: Account,
        publication: Publication,
        text: str,
        before: Sequence[str],
    ) -> tuple[str, bool]:
        """The post's id, and whether it was found to be out already."""
        body: dict[str, object] = {"text": text}
        if before:
            body["reply"] = {"in_reply_to_tweet_id": before[-1]}
        elif publication.content.media:
            # Not kept: an upload is gone after a day, and four are soon made again.
            media_ids = await together(upload(http, account, media) for media in publication.content.media)
            body["media"] = {"media_ids": media_ids}
        response = await ask(http, account, "POST", "tweets", publishes=True, expected=(403,), json=body)
        if response.status_code != 403:
            return parse(response, Created, publishes=True).data.id, False
        detail = said(response, words)
        if any(kind in str(error_body(response).get("type")) for kind in _NOT_AUTHORISED):
            raise Reauthorize(detail)
        duplicate, lost = "duplicate" in detail.lower(), before and "not visible to you" in detail.lower()
        if duplicate or lost:
            found = await timeline.read(http, account, publication.first_attempt_at)
            tweets = () if isinstance(found, CannotTell) else found.tweets
            if lost and any(tweet.id == before[-1] for tweet in tweets):
                raise Unreachable(f"X does not know the part before this one everywhere yet: {detail}")
            after = before[-1] if before else None
            tweet = timeline.find(tweets, text, after=after) if duplicate else None
            if tweet is not None:
                return tweet.id, True
        raise Refused(detail)

    async def _without(
        self,
        http: httpx.AsyncClient,
        account: Account,
        publication: Publication,
        ids: Sequence[str],
        refused: Refused,
    ) -> str:
        """Takes back the parts of a thread whose next one was refused, and says so: half a thread is not what somebody
        approved."""
        if not ids:
            return refused.detail
        detail = f"Part {len(ids) + 1}: {refused.detail}"
        try:
            for post_id in reversed(ids):
                await self.unpublish(http, account, post_id)
        except PlatformError as failure:
            where = _receipt(account, ids, by_words=False).url
            return f"{detail} The parts before it are out and could not be taken back ({failure.detail}): {where}"
        await publication.keep({})
        return f"{detail} The parts before it were taken back."


def _receipt(account: Account, ids: Sequence[str], *, by_words: bool) -> Receipt:
    """A thread's is its first part's, with the ids of all."""
    pages = account.base_url.replace("https://api.x.com", "https://x.com")
    response: dict[str, JsonValue] = {"id": ids[0]}
    if len(ids) > 1:
        response["parts"] = [*ids]
    return Receipt(ids[0], f"{pages}/{account.username}/status/{ids[0]}", response, by_words)
