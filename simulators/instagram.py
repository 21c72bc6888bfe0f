"""Instagram's Graph API as far as publishing pictures goes: containers with their life, the day's quota, and its codes."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.content import Media
from core.errors import ProofroomError
from core.http import fetch, guarded_client
from core.settings import Settings
from core.simulated import instagram_token, instagram_user_id
from simulators.faults import Answers, Endpoint, Faults, Handler, Refusal, Step, endpoint
from simulators.pages import missing_page, post_page
from simulators.pictures import jpeg_size
from simulators.record import Entry, Record

POSTS: Final = 100
DAY: Final = 24 * 3600
CONTAINER_SECONDS: Final = 24 * 3600
CAPTION: Final = 2200
HASHTAGS: Final = 30
ALT_TEXT: Final = 1000
ITEMS: Final = range(2, 11)
MEGABYTES: Final = 8
NARROWEST, WIDEST = 4 / 5, 1.91
"""Width by height."""
LOOKS: Final = 1
"""So often a carousel is said to be in progress."""
_LOOPBACK: Final = {"127.0.0.1", "localhost"}
_TOKEN: Final = re.compile(r"Bearer (sim-instagram-([a-z0-9_-]{1,64}))")


def graph_error(
    code: int, subcode: int, message: str, *, status: int = 400, headers: dict[str, str] | None = None
) -> Response:
    error = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "error_subcode": subcode,
        "is_transient": False,
        "error_user_msg": message,
        "fbtrace_id": "Asimulated",
    }
    return JSONResponse({"error": error}, status, headers)


def _limited(seconds: float) -> Response:
    minutes = max(1, round(seconds / 60))
    usage = f'{{"1":[{{"type":"instagram","call_count":100,"estimated_time_to_regain_access":{minutes}}}]}}'
    headers = {"X-Business-Use-Case-Usage": usage}
    return graph_error(80002, 0, "There have been too many calls to this Instagram account.", headers=headers)


ANSWERS: Answers = {
    "rate_limited": _limited,
    "unauthorized": lambda _: graph_error(190, 463, "Error validating access token: Session has expired"),
    "payment_required": lambda _: graph_error(100, 0, "Payment required", status=402),
    "upgrade_required": lambda _: graph_error(2635, 0, "You are calling a deprecated version of the API."),
    "duplicate": lambda _: graph_error(
        4,
        2207051,
        "We restrict certain activity to protect our community. Tell us if you think we made a mistake.",
    ),
}


def account_of(request: Request) -> str:
    """Raises Refusal for a token that is none."""
    found = _TOKEN.fullmatch(request.headers.get("authorization", ""))
    if found is None or found[1] != instagram_token(found[2]):
        raise Refusal(graph_error(190, 0, "Invalid OAuth access token - Cannot parse access token"))
    return found[2]


class Instagram:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        def behind(step: Step, handler: Handler) -> Endpoint:
            return endpoint(self._faults, "instagram", step, ANSWERS, account_of, handler)

        return [
            Route("/me", behind("identify", self._me), methods=["GET"]),
            Route("/{user}/content_publishing_limit", behind("draft", self._limit), methods=["GET"]),
            Route("/{user}/media", behind("draft", self._prepare), methods=["POST"]),
            Route("/{user}/media", behind("read", self._list), methods=["GET"]),
            Route("/{user}/media_publish", behind("publish", self._publish), methods=["POST"]),
            Route("/p/{id}/", self._page, methods=["GET"]),
            Route("/{id}", behind("read", self._read), methods=["GET"]),
            Route("/{id}", behind("remove", self._remove), methods=["DELETE"]),
        ]

    async def _me(self, request: Request, account: str) -> Response:
        user = {"user_id": instagram_user_id(account), "username": account, "name": f"{account} (simulated)"}
        return JSONResponse({**user, "id": user["user_id"]})

    async def _limit(self, request: Request, account: str) -> Response:
        _own(request, account)
        config = {"quota_total": POSTS, "quota_duration": DAY}
        return JSONResponse({"data": [{"quota_usage": len(self._today(account)), "config": config}]})

    async def _prepare(self, request: Request, account: str) -> Response:
        _own(request, account)
        async with request.form() as form:
            asked = {name: value for name, value in form.items() if isinstance(value, str)}
        caption = asked.get("caption", "")
        if len(caption) > CAPTION:
            raise Refusal(
                graph_error(36004, 2207010, "The caption was too long. It can have up to 2,200 characters.")
            )
        if caption.count("#") > HASHTAGS:
            raise Refusal(graph_error(100, 2207040, "The caption holds more than 30 hashtags."))
        is_carousel = asked.get("media_type") == "CAROUSEL"
        pictures = self._children(account, asked) if is_carousel else (await _picture(asked),)
        kept = self._record.keep(
            Entry(
                platform="instagram",
                account=account,
                id=str(self._record.next_id()),
                kind="container",
                status="draft",
                text=caption,
                pictures=pictures,
                fields={"item": "is_carousel_item" in asked, "looks": 0},
            )
        )
        return JSONResponse({"id": kept.id})

    def _children(self, account: str, asked: dict[str, str]) -> tuple[Media, ...]:
        ids = asked.get("children", "").split(",")
        if len(ids) not in ITEMS:
            raise Refusal(graph_error(100, 2207028, "Your carousel needs 2 to 10 items."))
        pictures: list[Media] = []
        for each in ids:
            child = self._record.get("instagram", account, each)
            if child is None or not child.fields.get("item"):
                raise Refusal(graph_error(24, 2207006, f"The media with id {each} cannot be found."))
            pictures += child.pictures
        return tuple(pictures)

    async def _publish(self, request: Request, account: str) -> Response:
        _own(request, account)
        async with request.form() as form:
            container_id = str(form.get("creation_id", ""))
        container = self._record.get("instagram", account, container_id)
        if container is None or container.kind != "container" or container.fields.get("item"):
            return graph_error(
                24, 2207008, f"Media builder with creation id = {container_id} does not exist."
            )
        if _status(container) != "FINISHED":
            return graph_error(9007, 2207027, "The media is not ready to be published. Please wait a moment.")
        if len(self._today(account)) >= POSTS:
            return graph_error(9, 2207042, "You reached maximum number of posts that is allowed.")
        media_id = str(self._record.next_id())
        self._record.keep(container.model_copy(update={"status": "published"}))
        self._record.keep(
            Entry(
                platform="instagram",
                account=account,
                id=media_id,
                text=container.text,
                url=f"{request.base_url}instagram/p/{media_id}/",
                pictures=container.pictures,
            )
        )
        return JSONResponse({"id": media_id})

    async def _read(self, request: Request, account: str) -> Response:
        entry = self._of(request, account)
        if entry.kind == "post":
            return JSONResponse(_as_json(entry))
        status = _status(entry)
        looks = int(str(entry.fields["looks"])) + 1
        self._record.keep(entry.model_copy(update={"fields": {**entry.fields, "looks": looks}}))
        return JSONResponse({"status_code": status, "status": f"{status.title()}: simulated", "id": entry.id})

    async def _remove(self, request: Request, account: str) -> Response:
        entry = self._of(request, account)
        self._record.keep(entry.model_copy(update={"status": "deleted", "updated_at": time.time()}))
        return JSONResponse({"success": True})

    async def _list(self, request: Request, account: str) -> Response:
        _own(request, account)
        limit, after = (
            int(request.query_params.get(name, default)) for name, default in (("limit", 25), ("after", 0))
        )
        posts = list(self._posts(account))
        page: dict[str, object] = {"data": [_as_json(entry) for entry in posts[after : after + limit]]}
        if after + limit < len(posts):
            page["paging"] = {"cursors": {"after": str(after + limit)}, "next": str(request.url)}
        return JSONResponse(page)

    async def _page(self, request: Request) -> Response:
        found = (
            entry for entry in self._record.entries("instagram") if entry.id == request.path_params["id"]
        )
        entry = next(found, None)
        return post_page(entry) if entry and entry.status == "published" else missing_page("instagram")

    def _posts(self, account: str) -> Iterator[Entry]:
        return (entry for entry in self._record.entries("instagram", account) if entry.status == "published")

    def _today(self, account: str) -> list[Entry]:
        """Those that are deleted again count too."""
        posts = self._record.entries("instagram", account)
        return [entry for entry in posts if entry.created_at > time.time() - DAY]

    def _of(self, request: Request, account: str) -> Entry:
        entry_id = request.path_params["id"]
        entry = self._record.get("instagram", account, entry_id)
        if entry is None or entry.status == "deleted":
            detail = f"Unsupported request. Object with ID '{entry_id}' does not exist or may not be seen."
            raise Refusal(graph_error(100, 33, detail))
        return entry


def _status(container: Entry) -> str:
    if container.status == "published":
        return "PUBLISHED"
    if container.created_at < time.time() - CONTAINER_SECONDS:
        return "EXPIRED"
    looks = int(str(container.fields["looks"]))
    return "IN_PROGRESS" if len(container.pictures) > 1 and looks < LOOKS else "FINISHED"


async def _picture(asked: dict[str, str]) -> Media:
    """Raises Refusal for what cannot be fetched, is no JPEG, is too large or of a shape that the feed does not show."""
    url, alt_text = asked.get("image_url", ""), asked.get("alt_text", "")
    if len(alt_text) > ALT_TEXT:
        raise Refusal(graph_error(100, 0, "The parameter alt_text is too long."))
    try:
        parsed = httpx.URL(url)
        allowed = [f"{parsed.host}:{parsed.port or 80}"] if parsed.host in _LOOPBACK else []
        async with guarded_client(Settings(allow_private=allowed), timeout=10) as http:
            body = (await fetch(http, url, max_bytes=MEGABYTES * 1024**2, media_types=["image/"])).body
    except (httpx.HTTPError, httpx.InvalidURL, ProofroomError) as failure:
        detail = "The media could not be fetched from this URI."
        raise Refusal(graph_error(9004, 2207052, detail)) from failure
    size = jpeg_size(body)
    if size is None:
        raise Refusal(graph_error(36001, 2207005, "The image format is not supported. It must be JPEG."))
    if not NARROWEST <= size[0] / size[1] <= WIDEST:
        detail = f"The aspect ratio is not supported. It is {size[0] / size[1]:.2f}, and must be from 4:5 to 1.91:1."
        raise Refusal(graph_error(36003, 2207009, detail))
    return Media(url=url, alt_text=alt_text)


def _own(request: Request, account: str) -> None:
    user = request.path_params["user"]
    if user != instagram_user_id(account):
        raise Refusal(graph_error(100, 33, f"Unsupported request. Object with ID '{user}' may not be used."))


def _as_json(entry: Entry) -> dict[str, str]:
    at = datetime.fromtimestamp(int(entry.created_at), UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": entry.id, "caption": entry.text, "permalink": entry.url, "timestamp": at}
