"""Publishes to Ghost in two steps: a draft that can be found again by its job, then one PUT that makes it public.

Ghost has no idempotency key and answers the same slug twice with a second post, but a draft is nobody's harm: only the
PUT's outcome can be unknown, and the draft then tells.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, Field

from platforms.article import images, render
from platforms.base import (
    Absent,
    Account,
    Identity,
    LookUp,
    Publication,
    Reauthorize,
    Receipt,
    Unreachable,
)
from platforms.blog.session import api, ask
from platforms.blog.upload import rehost
from platforms.sending import parse
from platforms.uploads import upload

SLUG_WORDS = 60
"""Characters of the title in the slug; Ghost's column takes 191."""


class Post(BaseModel):
    id: str
    status: str
    updated_at: str
    url: str = ""


class Posts(BaseModel):
    posts: list[Post]


class OnePost(BaseModel):
    posts: Annotated[list[Post], Field(min_length=1)]


class Site(BaseModel):
    title: str = ""
    url: str
    version: str = ""
    logo: str | None = None
    icon: str | None = None


class SiteAnswer(BaseModel):
    site: Site


class GhostPublisher:
    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        post = await self._look_up(http, account, publication.job_id)
        if post is not None and post.status == "published":
            return _receipt(post)
        fields = await _fields(http, account, publication)
        draft = post or await self._write(http, account, publication, fields)
        # All of it is sent again: Ghost's times are whole seconds, so that `updated_at` does not tell of an edit
        # within the second, and a draft that an earlier attempt left may have been changed since.
        return await self._make_public(http, account, draft, fields)

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        post = await self._look_up(http, account, publication.job_id)
        if post is None:
            return Absent({"draft": False})
        if post.status == "published":
            return _receipt(post)
        return Absent({"draft": True, "status": post.status, "id": post.id})

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        address = f"{api(account)}/posts/{quote(platform_post_id, safe='')}/"
        response = await ask(http, account, "GET", address, expected=(404,))
        if response.status_code == 404:
            return
        post = parse(response, OnePost).posts[0]
        if post.status == "draft":
            return
        response = await ask(
            http,
            account,
            "PUT",
            address,
            expected=(404, 409),
            json={"posts": [{"status": "draft", "updated_at": post.updated_at}]},
        )
        if response.status_code == 409:
            raise Unreachable("Somebody is editing the post in Ghost; try again.")

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        response = await ask(http, account, "GET", f"{api(account)}/site/", expected=(404,))
        if response.status_code == 404:
            raise Reauthorize(f"There is no Ghost at {account.base_url}.")
        site = parse(response, SiteAnswer).site
        # Ghost tells anybody about the site: only reading posts shows that the key is good.
        await ask(http, account, "GET", f"{api(account)}/posts/?limit=1&fields=id")
        host = httpx.URL(account.base_url).host
        metadata = {"url": site.url, "version": site.version}
        return Identity(account.base_url, host, site.title, site.icon or site.logo, {**metadata})

    async def _look_up(self, http: httpx.AsyncClient, account: Account, job_id: UUID) -> Post | None:
        """This job's post; a public one before a draft, should a slow first attempt have left two."""
        response = await ask(
            http,
            account,
            "GET",
            f"{api(account)}/posts/?filter=tag:hash-job-{job_id.hex}%2Bstatus:[draft,published,scheduled,sent]"
            "&order=created_at%20asc&limit=15&fields=id,status,updated_at,url",
        )
        posts = parse(response, Posts).posts
        public = [post for post in posts if post.status == "published"]
        return next(iter(public or posts), None)

    async def _write(
        self,
        http: httpx.AsyncClient,
        account: Account,
        publication: Publication,
        fields: Mapping[str, object],
    ) -> Post:
        address = slug(publication.content.title, publication.job_id)
        response = await ask(
            http,
            account,
            "POST",
            f"{api(account)}/posts/?source=html",
            json={"posts": [{**fields, "slug": address, "status": "draft"}]},
        )
        return parse(response, OnePost).posts[0]

    async def _make_public(
        self, http: httpx.AsyncClient, account: Account, post: Post, fields: Mapping[str, object]
    ) -> Receipt:
        response = await ask(
            http,
            account,
            "PUT",
            f"{api(account)}/posts/{post.id}/?source=html",
            publishes=True,
            expected=(404, 409),
            json={"posts": [{**fields, "status": "published", "updated_at": post.updated_at}]},
        )
        if response.status_code in (404, 409):
            # Nothing went out; the next attempt looks up what is there now.
            raise Unreachable("The draft was changed or deleted in Ghost before it could be published.")
        return _receipt(parse(response, OnePost, publishes=True).posts[0])


def slug(title: str, job_id: UUID) -> str:
    """The same for each attempt of a job, and what Ghost itself would make of it."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words_only = re.sub(r"[^a-z0-9]+", "-", ascii_title)[:SLUG_WORDS].strip("-")
    return f"{words_only or 'post'}-{job_id.hex[-12:]}"


async def _fields(http: httpx.AsyncClient, account: Account, publication: Publication) -> dict[str, object]:
    content = publication.content
    cover = next(iter(content.media), None)
    addresses = [*dict.fromkeys([*images(content.content), *([cover.url] if cover else [])])]
    urls = await upload(publication, addresses, partial(rehost, http, account))
    hosted = dict(zip(addresses, urls, strict=True))
    excerpt = content.metadata.get("excerpt")
    return {
        "title": content.title,
        "html": render(content, hosted),
        "tags": [*({"name": tag} for tag in content.tags), {"name": f"#job-{publication.job_id.hex}"}],
        "custom_excerpt": excerpt or None,
        "feature_image": hosted[cover.url] if cover else None,
        "feature_image_alt": cover.alt_text if cover else None,
    }


def _receipt(post: Post) -> Receipt:
    return Receipt(post.id, post.url, {"id": post.id, "url": post.url})
