"""The part of Ghost's Admin API that we use, and the blog's public pages. Each account is a blog of its own."""

import base64
import re
import time
import unicodedata
from datetime import UTC, datetime
from typing import Literal

import nh3
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.faults import Answers, Endpoint, Faults, Handler, Refusal, Step, endpoint
from simulators.ghost_token import account_of, error
from simulators.pages import missing_page, post_page
from simulators.record import Entry, Record

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/svg+xml")
_MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8"}
_PNG_END = b"IEND\xaeB`\x82"


class Tag(BaseModel):
    name: str = Field(max_length=191)


class Changes(BaseModel):
    """Fields of a post in a POST or PUT; those that are not sent stay."""

    model_config = ConfigDict(extra="ignore")

    title: str | None = Field(None, max_length=255)
    slug: str | None = Field(None, max_length=191)
    html: str | None = None
    status: Literal["draft", "published"] | None = None
    tags: list[Tag] | None = None
    custom_excerpt: str | None = Field(None, max_length=300)
    feature_image: str | None = Field(None, max_length=2000)
    feature_image_alt: str | None = Field(None, max_length=191)
    updated_at: datetime | None = None


class Posts(BaseModel):
    posts: list[Changes] = Field(min_length=1, max_length=1)


ANSWERS: Answers = {
    "rate_limited": lambda seconds: _with_retry(
        error(429, "TooManyRequestsError", "Too many attempts."), seconds
    ),
    "unauthorized": lambda _: error(
        401, "UnauthorizedError", "Unknown Admin API Key", code="UNKNOWN_ADMIN_API_KEY"
    ),
    "payment_required": lambda _: error(402, "PaymentRequiredError", "This site's subscription has ended"),
    "upgrade_required": lambda _: error(426, "UpgradeRequiredError", "Client request for another version"),
    "duplicate": lambda _: _collision(),
}


def _with_retry(response: Response, seconds: float) -> Response:
    response.headers["Retry-After"] = str(round(seconds))
    return response


def _collision() -> Response:
    message = "Saving failed! Someone else is editing this post."
    return error(409, "UpdateCollisionError", message, code="UPDATE_COLLISION")


class Ghost:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        def behind(step: Step, handler: Handler) -> Endpoint:
            return endpoint(self._faults, "blog", step, ANSWERS, account_of, handler)

        api = "/{account}/ghost/api/admin"
        return [
            Route(f"{api}/site/", self._site, methods=["GET"]),
            Route(f"{api}/posts/", behind("read", self._browse), methods=["GET"]),
            Route(f"{api}/posts/", behind("draft", self._add), methods=["POST"]),
            Route(f"{api}/posts/{{id}}/", behind("read", self._read), methods=["GET"]),
            Route(f"{api}/posts/{{id}}/", behind("publish", self._edit), methods=["PUT"]),
            Route(f"{api}/posts/{{id}}/", behind("remove", self._delete), methods=["DELETE"]),
            Route(f"{api}/images/upload/", behind("upload", self._upload), methods=["POST"]),
            Route("/{account}/content/images/{name}", self._image, methods=["GET"]),
            Route("/{account}/{slug}/", self._page, methods=["GET"]),
        ]

    async def _site(self, request: Request) -> Response:
        account = request.path_params["account"]
        url = f"{_blog(request)}/"
        return JSONResponse({"site": {"title": f"{account} (simulated)", "url": url, "version": "5.130"}})

    async def _browse(self, request: Request, account: str) -> Response:
        wanted = request.query_params.get("filter", "")
        tag = re.search(r"tag:([\w-]+)", wanted)
        statuses = re.search(r"status:\[([\w,]+)\]", wanted)
        found = [
            entry
            for entry in self._record.entries("blog", account)
            if entry.status != "deleted"
            and (tag is None or tag[1] in _tag_slugs(entry))
            and (statuses is None or entry.status in statuses[1].split(","))
        ]
        if "created_at asc" in request.query_params.get("order", ""):
            found.sort(key=lambda entry: entry.created_at)
        found = found[: int(request.query_params.get("limit", "15"))]
        return JSONResponse({"posts": [_as_json(entry) for entry in found], "meta": {}})

    async def _read(self, request: Request, account: str) -> Response:
        return JSONResponse({"posts": [_as_json(self._existing(request, account))]})

    async def _add(self, request: Request, account: str) -> Response:
        changes = await _changes(request)
        if not (changes.title or "").strip():
            return error(422, "ValidationError", "Validation error, cannot save post.", "Title is required")
        post_id = f"{self._record.next_id():024x}"
        slug = self._free_slug(account, changes.slug or _slugify(changes.title or ""), post_id)
        entry = Entry(
            platform="blog",
            account=account,
            id=post_id,
            status=changes.status or "draft",
            url=f"{_blog(request)}/{slug}/",
            fields={"slug": slug},
        )
        entry = self._record.keep(_changed(entry, changes, request))
        return JSONResponse({"posts": [_as_json(entry)]}, 201)

    async def _edit(self, request: Request, account: str) -> Response:
        entry = self._existing(request, account)
        changes = await _changes(request)
        if changes.updated_at is None:
            context = 'Validation (FieldRequired) failed for ["updated_at"]'
            return error(422, "ValidationError", "Validation error, cannot edit post.", context)
        if int(changes.updated_at.timestamp()) != int(entry.updated_at):
            return _collision()
        entry = _changed(entry, changes, request).model_copy(update={"updated_at": time.time()})
        return JSONResponse({"posts": [_as_json(self._record.keep(entry))]})

    async def _delete(self, request: Request, account: str) -> Response:
        entry = self._existing(request, account)
        self._record.keep(entry.model_copy(update={"status": "deleted", "updated_at": time.time()}))
        return Response(status_code=204)

    async def _upload(self, request: Request, account: str) -> Response:
        async with request.form() as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                return error(422, "ValidationError", "Please select an image.")
            body, name, media_type = await file.read(), file.filename or "image", file.content_type or ""
        if media_type not in IMAGE_TYPES:
            return error(415, "UnsupportedMediaTypeError", "Please select a valid image.")
        if not body.startswith(_MAGIC.get(media_type, b"")) or (
            media_type == "image/png" and _PNG_END not in body
        ):
            return error(400, "BadRequestError", "Image processing failed", "The image is corrupt")
        stored = f"{self._record.next_id():x}-{name}"
        self._record.keep(
            Entry(
                platform="blog",
                account=account,
                id=stored,
                kind="image",
                fields={"media_type": media_type, "body": base64.b64encode(body).decode()},
            )
        )
        url = f"{_blog(request)}/content/images/{stored}"
        return JSONResponse({"images": [{"url": url, "ref": None}]}, 201)

    async def _image(self, request: Request) -> Response:
        entry = self._record.get("blog", request.path_params["account"], request.path_params["name"])
        if entry is None:
            return missing_page("blog")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'"}
        return Response(
            base64.b64decode(str(entry.fields["body"])), 200, headers, str(entry.fields["media_type"])
        )

    async def _page(self, request: Request) -> Response:
        slug = request.path_params["slug"]
        entry = self._with_slug(request.path_params["account"], slug)
        return post_page(entry) if entry and entry.status == "published" else missing_page("blog")

    def _existing(self, request: Request, account: str) -> Entry:
        entry = self._record.get("blog", account, request.path_params["id"])
        if entry is None or entry.status == "deleted":
            raise Refusal(
                error(404, "NotFoundError", "Resource not found error, cannot read post.", "Post not found.")
            )
        return entry

    def _with_slug(self, account: str, slug: str) -> Entry | None:
        entries = self._record.entries("blog", account)
        return next((e for e in entries if e.fields["slug"] == slug and e.status != "deleted"), None)

    def _free_slug(self, account: str, wanted: str, fallback: str) -> str:
        slug, number = wanted or fallback, 1
        while self._with_slug(account, slug):
            number += 1
            slug = f"{wanted}-{number}"
        return slug


def _changed(entry: Entry, changes: Changes, request: Request) -> Entry:
    """Fields that were sent; `html` counts only with `?source=html`, as Ghost has it."""
    sent = changes.model_dump(
        mode="json", exclude_unset=True, exclude={"status", "updated_at", "slug", "html"}
    )
    fields: dict[str, JsonValue] = {**entry.fields, **sent}
    if changes.html is not None and request.query_params.get("source") == "html":
        fields["html"] = nh3.clean(changes.html)
    text = nh3.clean(str(fields.get("html") or ""), tags=set())
    status = changes.status or entry.status
    return entry.model_copy(update={"fields": fields, "text": text, "status": status})


async def _changes(request: Request) -> Changes:
    try:
        return Posts.model_validate_json(await request.body()).posts[0]
    except ValidationError as invalid:
        problems = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in invalid.errors())
        raise Refusal(
            error(422, "ValidationError", "Validation error, cannot save post.", problems)
        ) from invalid


def _tag_slugs(entry: Entry) -> list[str]:
    tags = entry.fields.get("tags")
    names = [str(tag["name"]) for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    return [f"hash-{_slugify(name[1:])}" if name.startswith("#") else _slugify(name) for name in names]


def _as_json(entry: Entry) -> dict[str, JsonValue]:
    at = {"created_at": _time(entry.created_at), "updated_at": _time(entry.updated_at)}
    return {"id": entry.id, "status": entry.status, "url": entry.url, **entry.fields, **at}


def _time(seconds: float) -> str:
    """Whole seconds, as Ghost's database keeps them."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _blog(request: Request) -> str:
    return f"{request.base_url}ghost/{request.path_params['account']}"


def _slugify(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
