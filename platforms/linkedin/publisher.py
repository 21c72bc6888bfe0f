"""Posts to LinkedIn, as a member or as an organisation."""

import re
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field

from platforms import uploads
from platforms.base import (
    Absent,
    Account,
    CannotTell,
    Identity,
    LookUp,
    OutcomeUnknown,
    Publication,
    Reauthorize,
    Receipt,
    Refused,
)
from platforms.linkedin.littletext import canonical, decode, encode
from platforms.linkedin.session import ask, words
from platforms.linkedin.upload import upload
from platforms.sending import CLOCK_SKEW, error_body, parse, said

PAGE_SIZE = 50
MAX_PAGES = 4
_URN = re.compile(r"urn:li:(?:share|ugcPost):\w+")


class Post(BaseModel):
    id: str
    commentary: str = ""
    created_at: int = Field(alias="createdAt")
    """Milliseconds since 1970."""
    state: str = Field("PUBLISHED", alias="lifecycleState")


class Page(BaseModel):
    elements: list[Post]


class Member(BaseModel):
    sub: str
    name: str = ""
    picture: str | None = None


class Organization(BaseModel):
    name: str = Field("", alias="localizedName")
    vanity_name: str = Field("", alias="vanityName")


class LinkedInPublisher:
    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        pictures = publication.content.media
        ids = await uploads.upload(publication, pictures, partial(upload, http, account))
        images = [
            {"id": image, "altText": media.alt_text} for image, media in zip(ids, pictures, strict=True)
        ]
        post = {
            "author": account.platform_user_id,
            "commentary": encode(publication.content.content),
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
            **_attached(images),
        }
        response = await ask(http, account, "POST", "rest/posts", publishes=True, expected=(422,), json=post)
        if response.status_code == 422:
            return await self._duplicate(http, account, publication, response)
        urn = response.headers.get("x-restli-id")
        if not urn:
            raise OutcomeUnknown("LinkedIn took the post and did not say its id.")
        return _receipt(account, urn)

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        if len(uploaded := uploads.kept(publication)) < len(publication.content.media):
            return Absent({"images": len(uploaded)})  # which all come before the post
        wanted = canonical(publication.content.content)
        since = publication.first_attempt_at - CLOCK_SKEW
        for page in range(MAX_PAGES):
            query = f"q=author&author={quote(account.platform_user_id, safe='')}&count={PAGE_SIZE}&start={page * PAGE_SIZE}"
            path = f"rest/posts?{query}&sortBy=CREATED"
            response = await ask(http, account, "GET", path, "FINDER", expected=(403,))
            if response.status_code == 403:
                return CannotTell(
                    f"LinkedIn does not let this account's posts be read: {said(response, words)}"
                )
            posts = parse(response, Page).elements
            for post in posts:
                if _made_since(post, since) and canonical(decode(post.commentary)) == wanted:
                    return _receipt(account, post.id, by_words=True)
            if len(posts) < PAGE_SIZE or not _made_since(posts[-1], since):
                return Absent({"looked_at": page * PAGE_SIZE + len(posts)})
        return CannotTell(f"The post is not among this account's last {MAX_PAGES * PAGE_SIZE}.")

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        path = f"rest/posts/{quote(platform_post_id, safe='')}"
        await ask(http, account, "DELETE", path, "DELETE", expected=(404,))

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        organization = account.credentials.get("organization", "").strip().rpartition(":")[2]
        if organization:
            path = f"rest/organizations/{quote(organization, safe='')}"
            response = await ask(http, account, "GET", path, expected=(404,))
            if response.status_code == 404:
                raise Reauthorize(f"LinkedIn knows no organisation {organization}.")
            found = parse(response, Organization)
            urn = f"urn:li:organization:{organization}"
            return Identity(urn, found.vanity_name or organization, found.name)
        member = parse(await ask(http, account, "GET", "v2/userinfo"), Member)
        return Identity(f"urn:li:person:{member.sub}", member.sub, member.name, member.picture)

    async def _duplicate(
        self, http: httpx.AsyncClient, account: Account, publication: Publication, response: httpx.Response
    ) -> Receipt:
        """LinkedIn names a post with the same words: ours from a lost attempt, somebody's, or one that is gone."""
        detail = said(response, words)
        named = _URN.search(words(error_body(response)))
        if "DUPLICATE_POST" not in response.text or named is None:
            raise Refused(detail)
        path = f"rest/posts/{quote(named[0], safe='')}"
        found = await ask(http, account, "GET", path, expected=(403, 404))
        if found.status_code == 403:
            raise OutcomeUnknown(f"{detail} It may be this post, and LinkedIn does not let it be read.")
        if found.status_code == 404:
            raise Refused(detail)
        post = parse(found, Post)
        same = canonical(decode(post.commentary)) == canonical(publication.content.content)
        if same and _made_since(post, publication.first_attempt_at - CLOCK_SKEW):
            return _receipt(account, post.id, by_words=True)
        raise Refused(detail)


def _attached(images: list[dict[str, str]]) -> dict[str, object]:
    match images:
        case []:
            return {}
        case [image]:
            return {"content": {"media": image}}
        case _:
            return {"content": {"multiImage": {"images": images}}}


def _made_since(post: Post, since: datetime) -> bool:
    return datetime.fromtimestamp(post.created_at / 1000, UTC) >= since


def _receipt(account: Account, urn: str, *, by_words: bool = False) -> Receipt:
    pages = account.base_url.replace("https://api.linkedin.com", "https://www.linkedin.com")
    return Receipt(urn, f"{pages}/feed/update/{urn}", {"id": urn}, by_words)
