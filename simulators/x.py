"""X's API v2 as far as posting goes, with its weighted length, its limits and its t.co links."""

import hashlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from twitter_text import extract_urls, parse_tweet

from core.simulated import x_token, x_user_id
from simulators.faults import Answers, Endpoint, Faults, Handler, Refusal, Step, endpoint
from simulators.pages import missing_page, post_page
from simulators.record import Entry, Record

POSTS = 100
WINDOW = 15 * 60
DUPLICATE_SECONDS = 24 * 3600
_TOKEN = re.compile(r"Bearer (sim-x-([a-z0-9_-]{1,64}))")
_APP_ONLY = "Bearer sim-app-only"
_PROBLEM = "https://api.twitter.com/2/problems/"

Body = TypeVar("Body", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Attached(_Strict):
    media_ids: list[str] = Field(min_length=1, max_length=4)


class Reply(_Strict):
    in_reply_to_tweet_id: str


class NewPost(_Strict):
    text: str
    media: Attached | None = None
    reply: Reply | None = None


class NewUpload(_Strict):
    media_type: str
    media_category: str
    total_bytes: int = Field(ge=1, le=5 * 1024 * 1024)


class Text(_Strict):
    text: str = Field(max_length=1000)


class Metadata(_Strict):
    alt_text: Text


class NewMetadata(_Strict):
    id: str
    metadata: Metadata


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", headers: dict[str, str] | None = None
) -> Response:
    return JSONResponse({"title": title, "detail": detail, "type": kind, "status": status}, status, headers)


def _limited(seconds: float) -> Response:
    headers = {
        "x-rate-limit-limit": str(POSTS),
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(time.time() + seconds)),
    }
    return problem(429, "Too Many Requests", "Too Many Requests", headers=headers)


def _duplicate(_: float = 0) -> Response:
    return problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")


ANSWERS: Answers = {
    "rate_limited": _limited,
    "unauthorized": lambda _: problem(401, "Unauthorized", "Unauthorized"),
    "payment_required": lambda _: problem(
        402,
        "CreditsDepleted",
        "Your enrolled account does not have any credits to fulfill this request.",
        f"{_PROBLEM}credits",
    ),
    "upgrade_required": lambda _: problem(426, "Upgrade Required", "Upgrade Required"),
    "duplicate": _duplicate,
}


def account_of(request: Request) -> str:
    """Raises Refusal for a token that is none, or that speaks for no user."""
    authorization = request.headers.get("authorization", "")
    if authorization == _APP_ONLY:
        detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
        raise Refusal(
            problem(403, "Unsupported Authentication", detail, f"{_PROBLEM}unsupported-authentication")
        )
    found = _TOKEN.fullmatch(authorization)
    if found is None or found[1] != x_token(found[2]):
        raise Refusal(problem(401, "Unauthorized", "Unauthorized"))
    return found[2]


class X:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        def behind(step: Step, handler: Handler) -> Endpoint:
            return endpoint(self._faults, "x", step, ANSWERS, account_of, handler)

        tweet, upload = "/2/tweets/{id}", "/2/media/upload"
        return [
            Route("/2/tweets", behind("publish", self._create), methods=["POST"]),
            Route(tweet, behind("read", self._read), methods=["GET"]),
            Route(tweet, behind("remove", self._remove), methods=["DELETE"]),
            Route("/2/users/me", behind("identify", self._me), methods=["GET"]),
            Route("/2/users/{id}/tweets", behind("read", self._timeline), methods=["GET"]),
            Route(f"{upload}/initialize", behind("upload", self._initialize), methods=["POST"]),
            Route(f"{upload}/{{id}}/append", behind("upload", self._append), methods=["POST"]),
            Route(f"{upload}/{{id}}/finalize", behind("upload", self._finalize), methods=["POST"]),
            Route("/2/media/metadata", behind("upload", self._metadata), methods=["POST"]),
            Route("/{username}/status/{id}", self._page, methods=["GET"]),
        ]

    async def _create(self, request: Request, account: str) -> Response:
        post = _body(NewPost, await request.body())
        recent = [entry for entry in self._posts(account) if entry.created_at > time.time() - WINDOW]
        if len(recent) >= POSTS:
            return _limited(min(entry.created_at for entry in recent) + WINDOW - time.time())
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
            return _duplicate()
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
            return JSONResponse({"errors": [_not_found(request.path_params["id"])]})
        return JSONResponse({"data": _as_json(entry)})

    async def _remove(self, request: Request, account: str) -> Response:
        entry = self._record.get("x", account, request.path_params["id"])
        if entry is None or entry.status != "published":
            return JSONResponse({"errors": [_not_found(request.path_params["id"])]})
        self._record.keep(entry.model_copy(update={"status": "deleted", "updated_at": time.time()}))
        return JSONResponse({"data": {"deleted": True}})

    async def _timeline(self, request: Request, account: str) -> Response:
        if request.path_params["id"] != x_user_id(account):
            return JSONResponse({"errors": [_not_found(request.path_params["id"])]})
        query = request.query_params
        start = datetime.fromisoformat(query.get("start_time", "1970-01-01T00:00:00Z")).timestamp()
        offset, count = int(query.get("pagination_token", "0")), int(query.get("max_results", "10"))
        if not 5 <= count <= 100:
            return problem(
                400, "Invalid Request", "max_results must be between 5 and 100", f"{_PROBLEM}invalid-request"
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

    async def _initialize(self, request: Request, account: str) -> Response:
        upload = _body(NewUpload, await request.body())
        media_id = str(self._record.next_id())
        self._record.keep(
            Entry(
                platform="x", account=account, id=media_id, kind="image", fields={"total": upload.total_bytes}
            )
        )
        return JSONResponse(
            {"data": {"id": media_id, "media_key": f"3_{media_id}", "expires_after_secs": 86400}}
        )

    async def _append(self, request: Request, account: str) -> Response:
        entry = self._image(account, request.path_params["id"])
        async with request.form() as form:
            part = form.get("media")
            if "segment_index" not in form or part is None or isinstance(part, str):
                return problem(400, "Invalid Request", "segment_index and media are required")
            received = len(await part.read())
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "received": received}}))
        return JSONResponse({"data": {"expires_at": int(time.time()) + 86400}})

    async def _finalize(self, request: Request, account: str) -> Response:
        entry = self._image(account, request.path_params["id"])
        if entry.fields.get("received") != entry.fields["total"]:
            return problem(400, "Invalid Request", "Segments do not add up to provided total file size.")
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "finalized": True}}))
        return JSONResponse(
            {"data": {"id": entry.id, "media_key": f"3_{entry.id}", "size": entry.fields["total"]}}
        )

    async def _metadata(self, request: Request, account: str) -> Response:
        metadata = _body(NewMetadata, await request.body())
        entry = self._image(account, metadata.id)
        alt_text = metadata.metadata.alt_text.text
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "alt_text": alt_text}}))
        return JSONResponse(
            {"data": {"id": entry.id, "associated_metadata": {"alt_text": {"text": alt_text}}}}
        )

    async def _page(self, request: Request) -> Response:
        entry = self._record.get("x", request.path_params["username"], request.path_params["id"])
        return post_page(entry) if entry and entry.status == "published" else missing_page("x")

    def _posts(self, account: str) -> Iterator[Entry]:
        return self._record.entries("x", account)

    def _image(self, account: str, media_id: str) -> Entry:
        entry = self._record.get("x", account, media_id)
        if entry is None or entry.kind != "image":
            raise Refusal(problem(400, "Invalid Request", "Your media IDs are invalid."))
        return entry


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


def _not_found(tweet_id: str) -> dict[str, JsonValue]:
    return {
        "title": "Not Found Error",
        "detail": f"Could not find tweet with id: [{tweet_id}].",
        "value": tweet_id,
        "resource_type": "tweet",
        "type": f"{_PROBLEM}resource-not-found",
    }


def _body(model: type[Body], raw: bytes) -> Body:
    try:
        return model.model_validate_json(raw)
    except ValidationError as invalid:
        errors = [{"message": f"$.{'.'.join(map(str, e['loc']))}: {e['msg']}"} for e in invalid.errors()]
        body = {
            "errors": errors,
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{_PROBLEM}invalid-request",
        }
        raise Refusal(JSONResponse(body, 400)) from invalid
