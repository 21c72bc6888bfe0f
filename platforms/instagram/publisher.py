"""Posts to Instagram: a container is prepared, its id kept, then it is published. A container is published once at most,
so that its status tells for certain whether a post went out."""

import asyncio
import unicodedata
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote, urlencode

import httpx
from pydantic import BaseModel, Field

from platforms.base import (
    Absent,
    Account,
    CannotTell,
    Identity,
    LookUp,
    OutcomeUnknown,
    PlatformError,
    Publication,
    Receipt,
    Refused,
    Unreachable,
)
from platforms.instagram.container import create
from platforms.instagram.session import MISSING, call, is_error, me, words
from platforms.sending import CLOCK_SKEW, parse, said

PAGE_SIZE: Final = 50
MAX_PAGES: Final = 4
POLL_SECONDS: Final = (0.2, 0.4, 0.8, 1.6)
"""Between looks at a container that is being prepared; after the last one the job comes back later. A picture takes
moments, and the whole call has eight seconds."""

Status = Literal["EXPIRED", "ERROR", "FINISHED", "IN_PROGRESS", "PUBLISHED"]


class Container(BaseModel):
    status_code: Status
    status: str = ""
    """For people; for ERROR with the code of what went wrong."""


class Media(BaseModel):
    id: str
    caption: str = ""
    permalink: str = ""
    timestamp: datetime = datetime.min.replace(tzinfo=UTC)


class Cursors(BaseModel):
    after: str | None = None


class Paging(BaseModel):
    cursors: Cursors = Cursors()
    next: str | None = None


class Page(BaseModel):
    data: list[Media]
    paging: Paging = Paging()


class Published(BaseModel):
    id: str


class User(BaseModel):
    user_id: str
    username: str
    name: str = ""
    picture: str | None = Field(None, alias="profile_picture_url")


class InstagramPublisher:
    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        container_id = publication.kept.get("container")
        container = await _container(http, account, str(container_id)) if container_id else None
        if container is None or container.status_code in ("EXPIRED", "ERROR"):
            # None of these was ever published.
            container_id = await create(http, account, publication)
            await publication.keep({"container": container_id})
            container = None
        if container is None or container.status_code == "IN_PROGRESS":
            container = await _prepared(http, account, str(container_id))
        if container.status_code == "PUBLISHED":
            return await _published(http, account, publication)
        response = await call(
            http,
            account,
            "POST",
            f"{me(account)}/media_publish",
            publishes=True,
            data={"creation_id": str(container_id)},
        )
        media_id = parse(response, Published, publishes=True).id
        try:
            return await _receipt(http, account, media_id)
        except PlatformError as failure:
            detail = f"Instagram has published it, and does not say where: {failure.detail}"
            raise OutcomeUnknown(detail) from failure

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        container_id = publication.kept.get("container")
        if not container_id:
            return Absent({"container": None})
        container = await _container(http, account, str(container_id))
        if container is None:
            return CannotTell("Instagram does not know any more what became of it.")
        match container.status_code:
            case "PUBLISHED":
                return await _published(http, account, publication)
            case "IN_PROGRESS":
                raise Unreachable("Instagram is still working on it.")
            case status:
                return Absent({"container": str(container_id), "status": status})

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        path = quote(platform_post_id, safe="")
        response = await call(http, account, "DELETE", path, expected=MISSING)
        if response.is_success:
            return
        # The same words for what is gone and for what may not be deleted.
        there = await call(http, account, "GET", f"{path}?fields=id", expected=MISSING)
        if there.is_success:
            raise Refused(said(response, words))

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        fields = "user_id,username,name,profile_picture_url"
        user = parse(await call(http, account, "GET", f"me?fields={fields}"), User)
        return Identity(user.user_id, user.username, user.name, user.picture)


async def _container(http: httpx.AsyncClient, account: Account, container_id: str) -> Container | None:
    """None when there is none of this id."""
    path = f"{quote(container_id, safe='')}?fields=status_code,status"
    response = await call(http, account, "GET", path, expected=MISSING)
    return None if is_error(response, MISSING) else parse(response, Container)


async def _prepared(http: httpx.AsyncClient, account: Account, container_id: str) -> Container:
    """Raises Refused for one that cannot be prepared, Unreachable for one that takes longer."""
    for wait in (0, *POLL_SECONDS):
        await asyncio.sleep(wait)
        container = await _container(http, account, container_id)
        match container:
            case None | Container(status_code="ERROR" | "EXPIRED"):
                status = container.status if container else "The container is gone."
                raise Refused(f"Instagram cannot use the pictures: {status}")
            case Container(status_code="FINISHED" | "PUBLISHED"):
                return container
    raise Unreachable("Instagram is still preparing the pictures.")


async def _published(http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
    """Of a container that is published: the oldest post of these words since the first attempt."""
    wanted = _canonical(publication.content.content)
    since = publication.first_attempt_at - CLOCK_SKEW
    found: Media | None = None
    after: str | None = None
    for _ in range(MAX_PAGES):
        query = {"fields": "id,caption,permalink,timestamp", "limit": str(PAGE_SIZE)}
        query |= {"after": after} if after else {}
        path = f"{me(account)}/media?{urlencode(query)}"
        page = parse(await call(http, account, "GET", path), Page)
        recent = [media for media in page.data if media.timestamp >= since]
        found = next((media for media in reversed(recent) if _canonical(media.caption) == wanted), found)
        after = page.paging.cursors.after
        if len(recent) < len(page.data) or page.paging.next is None or after is None:
            break
    if found is None:
        raise Unreachable("Instagram has published it, and does not list it yet.")
    return _receipt_of(account, found)


async def _receipt(http: httpx.AsyncClient, account: Account, media_id: str) -> Receipt:
    path = f"{quote(media_id, safe='')}?fields=id,permalink"
    return _receipt_of(account, parse(await call(http, account, "GET", path), Media))


def _receipt_of(account: Account, media: Media) -> Receipt:
    """A post that is hidden or under review has no address of its own yet."""
    profile = f"https://www.instagram.com/{quote(account.username, safe='')}/"
    return Receipt(media.id, media.permalink or profile, {"id": media.id})


def _canonical(caption: str) -> str:
    """Without what Instagram may change: composition, line endings, space."""
    return " ".join(unicodedata.normalize("NFC", caption).split())
