"""A person's program at the service: many of them at once, each in a thread of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import psycopg
from psycopg.rows import dict_row

from bench.service import Service
from tests.patience import PATIENCE_SECONDS

Json = dict[str, Any]
_Made = TypeVar("_Made")


class Caller(httpx.Client):
    """Speaks to one API process as the owner."""

    def __init__(self, service: Service, api: int = 0) -> None:
        key = {"Authorization": f"Bearer {service.owner.api_key}"}
        super().__init__(
            base_url=service.base_urls[api], headers=key, timeout=PATIENCE_SECONDS, trust_env=False
        )

    def start(self, text: str, platform: str = "x", **brief: object) -> str:
        body = {"source": {"type": "text", "text": text}, "platforms": [platform], **brief}
        answer = self.post("/v1/workflows", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def thread(self, workflow_id: str) -> Json:
        answer = self.get(f"/v1/workflows/{workflow_id}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()["threads"][0]
        return found

    def review(self, workflow_id: str) -> Json:
        """The one that waits, as soon as it does."""
        waiting = until(lambda: self.thread(workflow_id), lambda thread: thread["pending_review_id"])
        found: Json = self.get(f"/v1/reviews/{waiting['pending_review_id']}").json()
        return found

    def decide(self, review: Json, decision: str = "accept", **fields: object) -> httpx.Response:
        body = {"decision": decision, "seen_hash": review["seen_hash"], **fields}
        return self.post(f"/v1/reviews/{review['id']}/decision", json=body)

    def approve(self, review: Json) -> httpx.Response:
        """What benchmarks write has no title, without which no article goes out."""
        if review["platform"] == "blog":
            return self.decide(review, "edit", metadata={"title": "A title"})
        return self.decide(review)

    def published(self, workflow_id: str) -> Json:
        return until(lambda: self.thread(workflow_id), lambda thread: thread["status"] == "published")


class Witness:
    """What is so, whoever says what: the simulators' own record, and the rows without row security."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def posts(self, platform: str = "x") -> list[str]:
        """Texts on the platform."""
        answer = httpx.get(
            f"{self._service.simulator_url}/_control/posts", params={"platform": platform}, trust_env=False
        )
        return [entry["text"] for entry in answer.json()["items"] if entry["kind"] == "post"]

    def fault(self, kind: str, platform: str = "x", **more: object) -> None:
        body = {"platform": platform, "kind": kind, **more}
        answer = httpx.post(f"{self._service.simulator_url}/_control/faults", json=body, trust_env=False)
        assert answer.status_code == 201, answer.text

    def rows(self, sql: str, *parameters: object) -> list[Json]:
        with psycopg.connect(
            self._service.superuser_url, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def until(look: Callable[[], _Made], holds: Callable[[_Made], object]) -> _Made:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def at_once(*calls: Callable[[], _Made]) -> Sequence[_Made]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
