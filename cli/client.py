"""The HTTP API as the command line uses it: typed answers, failures with an exit code."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx
from httpx_sse import ServerSentEvent, connect_sse
from pydantic import BaseModel, RootModel, ValidationError
from uuid_utils.compat import uuid7

from api.problems import Problem
from cli import data_directory
from cli.answers import Draft, Event, Measured, Page, Review, ReviewItem, Workflow
from core import errors
from core.errors import FieldError, ProofroomError, Unauthenticated, Unavailable
from core.settings import load

_START: Final = "0-0"
"""The event id before a workflow's first."""
_HEARTBEAT_SECONDS: Final = 15
_PAGE: Final = 200
_ASSEMBLY_SECONDS: Final = 600
"""The last piece of a large upload is answered when all of it has been put together."""
_RECONNECTS: Final = 8
"""In a row without an event between them: about half a minute, in which a service is started again."""
PAST_PROXIES: Final = dict.fromkeys(("all://127.0.0.1", "all://[::1]", "all://localhost"))
"""A company's proxy cannot know the services of this machine."""
_KINDS: Final[Mapping[int, type[ProofroomError]]] = {
    kind.status: kind
    for kind in (
        errors.NotFound,
        errors.Unauthenticated,
        errors.Forbidden,
        errors.Conflict,
        errors.Invalid,
        errors.TooLarge,
        errors.RateLimitExceeded,
        errors.Unavailable,
    )
}

_Answer = TypeVar("_Answer", bound=BaseModel)


class _Listed(BaseModel):
    items: list[dict[str, Any]]
    next_cursor: str | None = None


class _Object(RootModel[dict[str, Any]]):
    """Whatever it is, as it was sent."""


class ServiceUnreachable(Unavailable):
    """No service answers."""


class NotUnderstood(ProofroomError):
    """Something answers that is not a Proofroom, or another version of it."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    key: str = field(repr=False)
    owners: bool
    """The key is the owner's, from the data directory: nobody chose what it may do."""


def connect(url: str | None, api_key: str | None, data_dir: Path | None) -> "Client":
    """Raises as `find` does."""
    target = find(url, api_key, data_dir)
    return Client(target.url, target.key)


def find(url: str | None, api_key: str | None, data_dir: Path | None) -> Target:
    """The service that is named, or the one that runs on the data directory, with its owner's key.

    Raises ServiceUnreachable or Unauthenticated. The key goes to no other address than the one it was made for.
    """
    folder = data_dir or load().data_dir
    running = data_directory.read(folder)
    address = (url or (running.url if running else "")).rstrip("/")
    if not address:
        raise ServiceUnreachable(
            f"No Proofroom has run in {folder} yet.",
            remedy="Start it with `proofroom up`, or name one with --url.",
        )
    key = api_key
    if api_key is None and running and address == running.url:
        with suppress(FileNotFoundError):
            key = (folder / data_directory.OWNER_KEY_FILE).read_text().strip()
    if not key:
        raise Unauthenticated(
            f"There is no key for {address}.",
            remedy="Give one with --api-key or PROOFROOM_API_KEY; `proofroom keys` makes them.",
        )
    return Target(address, key, owners=api_key is None)


class Client:
    """Every method raises ProofroomError: the service's own problems under their own codes, or ServiceUnreachable."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(60, connect=5),
            mounts=PAST_PROXIES,
        )

    def start(self, brief: Mapping[str, Any]) -> Workflow:
        return _read(Workflow, self._send("POST", "/v1/workflows", brief))

    def workflow(self, workflow_id: UUID, wait: int | None = None) -> Workflow:
        """`wait`: seconds until it answers although nothing has changed."""
        return _read(Workflow, self._send("GET", f"/v1/workflows/{workflow_id}", wait=wait))

    def reviews(self, platform: str | None = None, workflow_id: UUID | None = None) -> list[ReviewItem]:
        """All that wait: those with a due time first, the soonest ahead, then the oldest."""
        found: list[ReviewItem] = []
        cursor: str | None = None
        while True:
            page = _read(
                Page,
                self._send(
                    "GET", "/v1/reviews", status="pending", platform=platform, cursor=cursor, limit=_PAGE
                ),
            )
            found += [item for item in page.items if workflow_id in {None, item.workflow_id}]
            cursor = page.next_cursor
            if cursor is None:
                return sorted(found, key=lambda item: (item.due_at is None, item.due_at or item.created_at))

    def review(self, review_id: UUID) -> Review:
        return _read(Review, self._send("GET", f"/v1/reviews/{review_id}"))

    def decide(self, review: Review, decision: Mapping[str, Any]) -> None:
        """About what `review` shows, unless the decision has a `seen_hash` of its own."""
        body = {"seen_hash": review.seen_hash, **decision}
        self._send("POST", f"/v1/reviews/{review.id}/decision", body)

    def is_ready(self) -> bool:
        """Raises ServiceUnreachable while nothing listens there."""
        try:
            return self._http.get("/readyz").is_success
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def measure(self, platform: str, draft: Draft) -> Measured:
        body = {
            "platform": platform,
            **draft.model_dump(mode="json", include={"content", "metadata", "media"}),
        }
        return _read(Measured, self._send("POST", "/v1/validate", body))

    def events(self, workflow_id: UUID) -> Generator[Event]:
        """From the workflow's first on, without end, over as many connections as it takes; none is given twice."""
        last, failures = _START, 0
        while True:
            try:
                for event in self._stream(f"/v1/workflows/{workflow_id}/events", last):
                    last, failures = event.id or last, 0
                    if not event.data:  # a heartbeat, or a farewell, which are no events but for httpx-sse
                        continue
                    yield Event.model_validate({"type": event.event, **event.json()})
            except ProofroomError as error:
                if not error.retryable or failures >= _RECONNECTS:
                    raise
            failures += 1
            time.sleep(min(0.1 * 2**failures, 5))

    def listed(self, path: str, limit: int | None = None, **query: object) -> Iterator[dict[str, Any]]:
        """What a list has, page by page: all of it, or the first `limit`."""
        cursor: str | None = None
        left = limit if limit is not None else math.inf
        while True:
            wanted = {**query, "limit": int(min(_PAGE, left)), "cursor": cursor}
            page = _read(_Listed, self._send("GET", path, None, **wanted))
            yield from page.items
            left -= len(page.items)
            cursor = page.next_cursor
            if cursor is None or left <= 0:
                return

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: object
    ) -> dict[str, Any]:
        """Empty where there is nothing to answer."""
        return _read(_Object, self._send(method, path, body, **query) or b"{}").root

    def text(self, path: str) -> str:
        return self._send("GET", path).decode()

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], content: Iterator[bytes] | None = None
    ) -> httpx.Headers:
        """For a protocol that speaks in headers. Never sent twice."""
        timeout = httpx.Timeout(_ASSEMBLY_SECONDS, connect=5)
        try:
            response = self._http.request(method, path, content=content, headers=headers, timeout=timeout)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise problem_of(response)
        return response.headers

    def download(self, path: str, take: Callable[[bytes], object]) -> None:
        """Piece by piece into `take`."""
        try:
            with self._http.stream("GET", path) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                for piece in response.iter_bytes():
                    take(piece)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _stream(self, path: str, last: str) -> Iterator[ServerSentEvent]:
        timeout = httpx.Timeout(10, read=3 * _HEARTBEAT_SECONDS)
        try:
            with connect_sse(
                self._http, "GET", path, headers={"Last-Event-ID": last}, timeout=timeout
            ) as source:
                if source.response.is_error:
                    source.response.read()
                    raise problem_of(source.response)
                yield from source.iter_sse()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: object) -> bytes:
        parameters = {name: str(value) for name, value in query.items() if value is not None}
        # The same key at the second attempt: what was done and not answered is answered, not done again.
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid7())}
        request = self._http.build_request(method, path, json=body, params=parameters, headers=headers)
        try:
            try:
                response = self._http.send(request)
            except (httpx.ReadError, httpx.RemoteProtocolError):
                response = self._http.send(request)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise problem_of(response)
        return response.content

    def _unreachable(self, error: httpx.HTTPError) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"No service answers at {self.url} ({error}).", remedy="Start it with `proofroom up`."
        )


def _read(kind: type[_Answer], content: bytes) -> _Answer:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise NotUnderstood(
            "The service's answer is not what was expected.",
            remedy="Is this a Proofroom, and of the same version as this command?",
        ) from error


def problem_of(response: httpx.Response) -> ProofroomError:
    """As the error class that the service raised: its own code is the class's name."""
    kind = _KINDS.get(response.status_code, ProofroomError)
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return kind(f"{response.url.host} answers {response.status_code} {response.reason_phrase}.")
    fields = [
        FieldError(each.pointer or each.parameter or "", each.detail)
        for each in problem.errors or ()
        if each.detail != problem.detail
    ]
    named = type(problem.code, (kind,), {"title": problem.title, "retryable": problem.retryable})
    raised: ProofroomError = named(
        problem.detail, remedy=problem.remedy, errors=fields, extra=problem.model_extra
    )
    return raised
