"""LinkedIn's versioned Posts API: strict about headers, versions and bodies, and silent about unescaped text."""

import re
import time
from collections.abc import Iterator
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.simulated import linkedin_token
from simulators.faults import AccountOf, Answers, Endpoint, Faults, Handler, Refusal, Step, endpoint
from simulators.littletext import shown
from simulators.pages import missing_page, post_page
from simulators.record import Entry, Record

FIRST_VERSION, LAST_VERSION = "202507", "203012"
"""Versions outside are answered with 426; fixed, so that nothing here changes with the date."""
MAX_LENGTH = 3000
POSTS_A_DAY = 150
DAY = 24 * 3600

_TOKEN = re.compile(r"Bearer (sim-linkedin-([a-z0-9_-]{1,64}))")


Body = TypeVar("Body", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Distribution(_Strict):
    feed: Literal["MAIN_FEED", "NONE"] = Field(alias="feedDistribution")
    target_entities: list[object] = Field(default_factory=list, alias="targetEntities")
    channels: list[object] = Field(default_factory=list, alias="thirdPartyDistributionChannels")


class Image(_Strict):
    id: str
    alt_text: Annotated[str, Field(max_length=4086)] = Field("", alias="altText")
    title: str = ""


class MultiImage(_Strict):
    images: list[Image] = Field(min_length=2, max_length=20)


class Attached(_Strict):
    media: Image | None = None
    multi_image: MultiImage | None = Field(None, alias="multiImage")

    def images(self) -> list[Image]:
        return self.multi_image.images if self.multi_image else [self.media] if self.media else []


class NewPost(_Strict):
    author: str
    commentary: str
    visibility: Literal["PUBLIC", "CONNECTIONS", "LOGGED_IN"]
    distribution: Distribution
    state: Literal["PUBLISHED"] = Field(alias="lifecycleState")
    no_reshares: bool = Field(False, alias="isReshareDisabledByAuthor")
    content: Attached = Attached()


class Upload(_Strict):
    owner: str


class NewUpload(_Strict):
    request: Upload = Field(alias="initializeUploadRequest")


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"status": status, "code": code, "message": message}, status, headers)


def duplicate(urn: str) -> Response:
    body = {
        "errorDetailType": "com.linkedin.common.error.BadRequest",
        "message": f"Content is a duplicate of {urn}",
        "errorDetails": {
            "inputErrors": [
                {"description": "Duplicate post is detected", "input": {}, "code": "DUPLICATE_POST"}
            ]
        },
        "status": 422,
    }
    return JSONResponse(body, 422)


ANSWERS: Answers = {
    "rate_limited": lambda seconds: error(
        429,
        "TOO_MANY_REQUESTS",
        "Resource level throttle limit reached",
        {"Retry-After": str(round(seconds))},
    ),
    "unauthorized": lambda _: error(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired"),
    "payment_required": lambda _: error(402, "PAYMENT_REQUIRED", "Payment required"),
    "upgrade_required": lambda _: error(426, "NONEXISTENT_VERSION", "Requested version is not active"),
    "duplicate": lambda _: duplicate("urn:li:share:7000000000000000000"),
}


def account_of(request: Request) -> str:
    """Raises Refusal for a token that is none."""
    found = _TOKEN.fullmatch(request.headers.get("authorization", ""))
    if found is None or found[1] != linkedin_token(found[2]):
        raise Refusal(error(401, "INVALID_ACCESS_TOKEN", "Invalid access token"))
    return found[2]


def versioned(request: Request) -> str:
    """Raises Refusal for the token, the version and the protocol that LinkedIn requires."""
    account = account_of(request)
    version = request.headers.get("linkedin-version", "")
    if not version:
        raise Refusal(error(400, "VERSION_MISSING", "A version must be present. Please specify a version"))
    if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", version):
        raise Refusal(error(400, "INVALID_VERSION", f"Version {version} is not of the form YYYYMM"))
    if not FIRST_VERSION <= version <= LAST_VERSION:
        raise Refusal(error(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active"))
    if request.headers.get("x-restli-protocol-version") != "2.0.0":
        raise Refusal(error(400, "ILLEGAL_ARGUMENT", "X-Restli-Protocol-Version must be 2.0.0"))
    return account


class LinkedIn:
    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults

    def routes(self) -> list[Route]:
        def behind(step: Step, handler: Handler, check: AccountOf = versioned) -> Endpoint:
            return endpoint(self._faults, "linkedin", step, ANSWERS, check, handler)

        post, image = "/rest/posts/{urn}", "/dms-uploads/{urn}"
        return [
            Route("/rest/posts", behind("publish", self._create), methods=["POST"]),
            Route("/rest/posts", behind("read", self._list), methods=["GET"]),
            Route(post, behind("read", self._read), methods=["GET"]),
            Route(post, behind("remove", self._remove), methods=["DELETE"]),
            Route("/rest/images", behind("upload", self._initialize), methods=["POST"]),
            Route(image, behind("upload", self._put_image, account_of), methods=["PUT"]),
            Route("/rest/organizations/{id}", behind("identify", self._organization), methods=["GET"]),
            Route("/v2/userinfo", behind("identify", self._userinfo, account_of), methods=["GET"]),
            Route("/feed/update/{urn}", self._page, methods=["GET"]),
        ]

    async def _create(self, request: Request, account: str) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return error(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json")
        post = _body(NewPost, await request.body())
        _check_author(post.author, account)
        text = shown(post.commentary)
        if len(text.encode("utf-16-le")) // 2 > MAX_LENGTH:
            return error(
                422, "FIELD_LENGTH_TOO_LONG", f"ERROR :: /commentary :: longer than {MAX_LENGTH} characters"
            )
        images = [image.id for image in post.content.images()]
        for image in images:
            known = self._record.get("linkedin", account, image)
            if known is None or not known.fields.get("uploaded"):
                return error(400, "INVALID_IMAGE", f"ERROR :: /content :: {image} is not an uploaded image")
        today = [entry for entry in self._posts(account, post.author) if entry.created_at > time.time() - DAY]
        if len(today) >= POSTS_A_DAY:
            return error(429, "TOO_MANY_REQUESTS", "Resource level throttle MEMBER DAY limit reached")
        same = next((entry for entry in today if entry.fields["commentary"] == post.commentary), None)
        if same is not None and same.status == "published":
            return duplicate(same.id)
        urn = f"urn:li:share:{self._record.next_id()}"
        self._record.keep(
            Entry(
                platform="linkedin",
                account=account,
                id=urn,
                text=text,
                url=f"{request.base_url}linkedin/feed/update/{urn}",
                fields={"author": post.author, "commentary": post.commentary, "images": [*images]},
            )
        )
        return Response(status_code=201, headers={"x-restli-id": urn, "x-linkedin-id": urn})

    async def _list(self, request: Request, account: str) -> Response:
        query = request.query_params
        if query.get("q") != "author" or request.headers.get("x-restli-method", "").upper() != "FINDER":
            return error(400, "ILLEGAL_ARGUMENT", "Posts are found by q=author with X-RestLi-Method: FINDER")
        author = query.get("author", "")
        _check_author(author, account)
        _check_readable(author)
        start, count = int(query.get("start", "0")), min(int(query.get("count", "10")), 100)
        posts = [entry for entry in self._posts(account, author) if entry.status == "published"]
        elements = [_as_json(entry) for entry in posts[start : start + count]]
        return JSONResponse({"paging": {"start": start, "count": count, "links": []}, "elements": elements})

    async def _read(self, request: Request, account: str) -> Response:
        entry = self._record.get("linkedin", account, request.path_params["urn"])
        if entry is None or entry.status != "published":
            return error(404, "NOT_FOUND", "The requested post does not exist")
        _check_readable(str(entry.fields["author"]))
        return JSONResponse(_as_json(entry))

    async def _remove(self, request: Request, account: str) -> Response:
        if request.headers.get("x-restli-method", "").upper() != "DELETE":
            return error(400, "ILLEGAL_ARGUMENT", "X-RestLi-Method must be DELETE")
        entry = self._record.get("linkedin", account, request.path_params["urn"])
        if entry is not None and entry.status != "deleted":
            self._record.keep(entry.model_copy(update={"status": "deleted", "updated_at": time.time()}))
        return Response(status_code=204)

    async def _initialize(self, request: Request, account: str) -> Response:
        if request.query_params.get("action") != "initializeUpload":
            return error(400, "ILLEGAL_ARGUMENT", "Unknown action")
        _check_author(_body(NewUpload, await request.body()).request.owner, account)
        urn = f"urn:li:image:C{self._record.next_id()}"
        self._record.keep(Entry(platform="linkedin", account=account, id=urn, kind="image"))
        upload = f"{request.base_url}linkedin/dms-uploads/{urn}"
        expires = int((time.time() + DAY) * 1000)
        return JSONResponse({"value": {"uploadUrl": upload, "uploadUrlExpiresAt": expires, "image": urn}})

    async def _put_image(self, request: Request, account: str) -> Response:
        entry = self._record.get("linkedin", account, request.path_params["urn"])
        if entry is None:
            return error(404, "NOT_FOUND", "Unknown upload")
        if not await request.body():
            return error(400, "ILLEGAL_ARGUMENT", "The upload is empty")
        self._record.keep(entry.model_copy(update={"fields": {"uploaded": True}}))
        return Response(status_code=201)

    async def _organization(self, request: Request, account: str) -> Response:
        name = request.path_params["id"]
        if name != account:
            return error(404, "NOT_FOUND", f"Could not find organization {name}")
        return JSONResponse({"id": name, "localizedName": f"{name} (simulated)", "vanityName": name})

    async def _userinfo(self, request: Request, account: str) -> Response:
        return JSONResponse({"sub": account, "name": f"{account} (simulated)"})

    async def _page(self, request: Request) -> Response:
        urn = request.path_params["urn"]
        found = (entry for entry in self._record.entries("linkedin") if entry.id == urn)
        entry = next(found, None)
        return post_page(entry) if entry and entry.status == "published" else missing_page("linkedin")

    def _posts(self, account: str, author: str) -> Iterator[Entry]:
        return (
            entry for entry in self._record.entries("linkedin", account) if entry.fields["author"] == author
        )


def _as_json(entry: Entry) -> dict[str, JsonValue]:
    at = int(entry.created_at * 1000)
    return {
        "id": entry.id,
        "author": entry.fields["author"],
        "commentary": entry.fields["commentary"],
        "createdAt": at,
        "publishedAt": at,
        "lastModifiedAt": at,
        "lifecycleState": "PUBLISHED",
        "visibility": "PUBLIC",
    }


def _body(model: type[Body], raw: bytes) -> Body:
    try:
        return model.model_validate_json(raw)
    except ValidationError as invalid:
        problems = "\n".join(
            f"ERROR :: /{'/'.join(map(str, problem['loc']))} :: {problem['msg']}"
            for problem in invalid.errors()
        )
        raise Refusal(error(422, "UNPROCESSABLE_ENTITY", problems)) from invalid


def _check_author(author: str, account: str) -> None:
    if author not in (f"urn:li:person:{account}", f"urn:li:organization:{account}"):
        message = f"Field Value validation failed in REQUEST_BODY: Data Processing Exception: author {author}"
        raise Refusal(error(403, "ACCESS_DENIED", message))


def _check_readable(author: str) -> None:
    if not author.startswith("urn:li:organization:"):
        message = "Not enough permissions to access: partnerApiPosts.FINDER-author.20250701"
        raise Refusal(error(403, "ACCESS_DENIED", message))
