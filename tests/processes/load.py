"""Callers that never rest, and that fail the test when a request of theirs is cut."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from uuid import UUID

import httpx

from bench.service import Service
from tests.patience import PATIENCE_SECONDS
from tests.processes.caller import Caller, Json

_PAUSE_SECONDS = 0.2


@dataclass
class Load:
    """What came of it so far; `unavailable` counts the answers that said so, which a caller repeats."""

    service: Service
    published: list[Json] = field(default_factory=list)
    unavailable: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _running: list[Future[None]] = field(default_factory=list)
    _accounts: Iterator[UUID] = field(init=False)
    """In turn: X takes so many posts from each, and then has them wait."""

    def __post_init__(self) -> None:
        self._accounts = cycle(self.service.owner.accounts["x"])

    def until(self, holds: Callable[[], bool]) -> None:
        """Raises what any of the callers raised."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            for failed in (future for future in self._running if future.done()):
                failed.result()
            assert time.monotonic() < deadline, (len(self.published), self.unavailable)
            time.sleep(0.05)

    def refused(self, times: int = 6) -> None:
        """Ask until so many answers more have said that they are unavailable: the callers may all wait for a worker."""
        before = self.unavailable

        def enough() -> bool:
            with suppress(httpx.ConnectError), Caller(self.service) as caller:
                brief = {"source": {"type": "text", "text": "Is there room?"}, "platforms": ["x"]}
                answer = caller.request("POST", "/v1/workflows", json=brief)
                self.unavailable += answer.status_code == 503
            return self.unavailable >= before + times

        self.until(enough)

    def goes_on(self, times: int = 4) -> None:
        """Wait until so many more have been published."""
        before = len(self.published)
        self.until(lambda: len(self.published) >= before + times)

    def ask(self, callers: list[Caller], method: str, path: str, **more: object) -> Json:
        """Of the first that listens; only one that did not take the request is passed over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            for caller in callers:
                try:
                    answer = caller.request(method, path, **more)  # type: ignore[arg-type]  # httpx's own
                except httpx.ConnectError:
                    continue
                if answer.status_code != 503:
                    assert answer.is_success, answer.text
                    found: Json = answer.json()
                    return found
                assert answer.headers["content-type"] == "application/problem+json", answer.text
                assert answer.headers["retry-after"].isdecimal()
                self.unavailable += 1
            assert time.monotonic() < deadline, f"{method} {path} is not answered"
            time.sleep(_PAUSE_SECONDS)

    def run(self, number: int) -> None:
        """Brief, review, decision, post, and again until it is over; what was begun is ended."""
        while not self._over.is_set():
            with Caller(self.service) as first, Caller(self.service, api=1) as second:
                callers = [first, second] if number % 2 else [second, first]
                self.published.append(self._one(callers, f"Under load {number} {time.monotonic()}."))

    def _one(self, callers: list[Caller], text: str) -> Json:
        brief = {"source": {"type": "text", "text": text}, "platforms": ["x"]}
        key = {"Idempotency-Key": text.replace(" ", "-")}
        started = self.ask(callers, "POST", "/v1/workflows", json=brief, headers=key)
        waiting = self._until(callers, started["id"], "awaiting_review")
        review = self.ask(callers, "GET", f"/v1/reviews/{waiting['pending_review_id']}")
        decision = {
            "decision": "accept",
            "seen_hash": review["seen_hash"],
            "account_id": str(next(self._accounts)),
        }
        path, key = f"/v1/reviews/{review['id']}/decision", {"Idempotency-Key": review["id"]}
        self.ask(callers, "POST", path, json=decision, headers=key)
        return self._until(callers, started["id"], "published")

    def _until(self, callers: list[Caller], workflow_id: str, status: str) -> Json:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self.ask(callers, "GET", f"/v1/workflows/{workflow_id}", params={"wait": 5})
            thread: Json = found["threads"][0]
            if thread["status"] == status:
                return thread
            assert time.monotonic() < deadline, thread


@contextmanager
def under_load(service: Service, callers: int) -> Iterator[Load]:
    """Raises what any of the callers raised."""
    load = Load(service)
    with ThreadPoolExecutor(callers) as pool:
        load._running = [pool.submit(load.run, number) for number in range(callers)]
        try:
            yield load
        finally:
            load._over.set()
        for future in load._running:
            future.result()
