"""X's API v2 as far as posting goes, with its weighted length, its limits and its t.co links."""

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from html import escape

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twitter_text import extract_urls, parse_tweet

from core.simulated import x_user_id
from simulators.faults import Endpoint, Faults, Handler, Step, endpoint
from simulators.pages import missing_page, post_page
from simulators.record import Entry, Record
from simulators.x_answers import (
    ANSWERS,
    POSTS,
    PROBLEM,
    WINDOW,
    Strict,
    account_of,
    body_of,
    duplicate,
    limited,
    not_found,
    problem,
)
from simulators.x_media import Media

DUPLICATE_SECONDS = 24 * 3600


class Attached(Strict):
    media_ids: list[str] = Field(min_length=1, max_length=4)


class Reply(Strict):
    in_reply_to_tweet_id: str


class NewPost(Strict):
    text: str
    media: Attached | None = None
    reply: Reply | None = None


class X:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        def behind(step: Step, handler: Handler) -> Endpoint:
            return endpoint(self._faults, "x", step, ANSWERS, account_of, handler)

        tweet = "/2/tweets/{id}"
        return [
            Route("/2/tweets", behind("publish", self._create), methods=["POST"]),
            Route(tweet, behind("read", self._read), methods=["GET"]),
            Route(tweet, behind("remove", self._remove), methods=["DELETE"]),
            Route("/2/users/me", behind("identify", self._me), methods=["GET"]),
            Route("/2/users/{id}/tweets", behind("read", self._timeline), methods=["GET"]),
            *Media(self._record).routes(partial(behind, "upload")),
            Route("/{username}/status/{id}", self._page, methods=["GET"]),
        ]

    async def _create(self, request: Request, account: str) -> Response:
        post = body_of(NewPost, await request.body())
        recent = [entry for entry in self._posts(account) if entry.created_at > time.time() - WINDOW]
        if len(recent) >= POSTS:
            return limited(min(entry.created_at for entry in recent) + WINDOW - time.time())
        if not parse_tweet(post.text).valid:
            return problem(400, "Invalid Request", "Your Tweet text is too long or holds invalid characters.")
        media = post.media.media_ids if post.media else []
        for media_id in media:
            known = self._record.get("x", account, media_id)
            if known is None or not known.fields.get("finalized"):
                return problem(400, "Invalid Request", "Your media IDs are invalid.")
        if any(
            entry.text == post.text and entry.status == "published"
            for entry in self._posts(account)
            if entry.created_at > time.time() - DUPLICATE_SECONDS
        ):
            return duplicate()
        above = post.reply.in_reply_to_tweet_id if post.reply else None
        if above is not None and not self._is_out(account, above):
            detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
            return problem(403, "Forbidden", detail)
        tweet = self._record.keep(
            Entry(
                platform="x",
                account=account,
                id=(tweet_id := str(self._record.next_id())),
                text=post.text,
                url=f"{request.base_url}x/{account}/status/{tweet_id}",
                fields={"media": [*media], "reply_to": above},
            )
        )
        limits = {
            "x-rate-limit-limit": str(POSTS),
            "x-rate-limit-remaining": str(POSTS - len(recent) - 1),
            "x-rate-limit-reset": str(int(time.time() + WINDOW)),
        }
        shown = _as_json(tweet)
        return JSONResponse({"data": {"id": tweet.id, "text": shown["text"]}}, 201, limits)

    def _is_out(self, account: str, tweet_id: str) -> bool:
        entry = self._record.get("x", account, tweet_id)
        return entry is not None and entry.status == "published"

    async def _read(self, request: Request, account: str) -> Response:
        entry = self._record.get("x", account, request.path_params["id"])
        if entry is None or entry.status != "published":
            return JSONResponse({"errors": [not_found(request.path_params["id"])]})
        return JSONResponse({"data": _as_json(entry)})

    async def _remove(self, request: Request, account: str) -> Response:
        entry = self._record.get("x", account, request.path_params["id"])
        if entry is None or entry.status != "published":
            return JSONResponse({"errors": [not_found(request.path_params["id"])]})
        self._record.keep(entry.model_copy(update={"status": "deleted", "updated_at": time.time()}))
        return JSONResponse({"data": {"deleted": True}})

    async def _timeline(self, request: Request, account: str) -> Response:
        if request.path_params["id"] != x_user_id(account):
            return JSONResponse({"errors": [not_found(request.path_params["id"])]})
        query = request.query_params
        start = datetime.fromisoformat(query.get("start_time", "1970-01-01T00:00:00Z")).timestamp()
        offset, count = int(query.get("pagination_token", "0")), int(query.get("max_results", "10"))
        if not 5 <= count <= 100:
            return problem(
                400, "Invalid Request", "max_results must be between 5 and 100", f"{PROBLEM}invalid-request"
            )
        posts = [
            entry
            for entry in self._posts(account)
            if entry.status == "published" and entry.created_at >= start
        ]
        page = posts[offset : offset + count]
        meta: dict[str, JsonValue] = {"result_count": len(page)}
        if offset + count < len(posts):
            meta["next_token"] = str(offset + count)
        return JSONResponse(
            {"data": [_as_json(entry) for entry in page], "meta": meta} if page else {"meta": meta}
        )

    async def _me(self, request: Request, account: str) -> Response:
        user = {"id": x_user_id(account), "username": account, "name": f"{account} (simulated)"}
        return JSONResponse({"data": user})

    async def _page(self, request: Request) -> Response:
        entry = self._record.get("x", request.path_params["username"], request.path_params["id"])
        return post_page(entry) if entry and entry.status == "published" else missing_page("x")

    def _posts(self, account: str) -> Iterator[Entry]:
        return self._record.entries("x", account)


def _as_json(entry: Entry) -> dict[str, JsonValue]:
    """As X gives a text back: links behind t.co, images as a link at the end, three characters as entities."""
    text = escape(entry.text, quote=False)
    urls: list[JsonValue] = []
    for url in extract_urls(entry.text):
        short = _short(entry.id, url)
        expanded = url if "://" in url else f"http://{url}"
        urls.append({"url": short, "expanded_url": expanded, "display_url": url})
        text = text.replace(escape(url, quote=False), short, 1)
    media = entry.fields.get("media")
    if isinstance(media, list) and media:
        short = _short(entry.id, "media")
        text = f"{text} {short}"
        urls += [
            {"url": short, "expanded_url": f"{entry.url}/photo/1", "media_key": f"3_{key}"} for key in media
        ]
    at = datetime.fromtimestamp(int(entry.created_at), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    shown: dict[str, JsonValue] = {"id": entry.id, "text": text, "created_at": at, "entities": {"urls": urls}}
    if above := entry.fields.get("reply_to"):
        shown["referenced_tweets"] = [{"type": "replied_to", "id": above}]
    return shown


def _short(*parts: str) -> str:
    return f"https://t.co/{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:10]}"
