"""Somebody who uses the service through HTTP from the brief to the post, with a worker and simulators at work."""

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User

ARTICLE = (Path(__file__).parents[2] / "examples" / "01-release-notes.md").read_text()
RESTING = {"awaiting_review", "scheduled", "published", "rejected", "failed", "cancelled"}

Json = dict[str, Any]


def with_simulators(settings: Settings, simulator_url: str) -> Settings:
    """As `proofroom up` has them, and in a hurry; the lease is long enough for a busy machine."""
    hurry = {
        "lease_seconds": 6.0,
        "publish_deadline_seconds": 4.0,
        "poll_seconds": 0.2,
        "catch_up_gap_seconds": 0,
    }
    return settings.model_copy(update={"simulator_url": simulator_url, **hurry})


class Author:
    def __init__(self, user: User, handle: str, simulator_url: str) -> None:
        self.user = user
        self._handle = handle
        self._simulators = httpx.AsyncClient(base_url=simulator_url, trust_env=False, verify=False)

    async def start(
        self, *platforms: str, text: str = ARTICLE, source: Json | None = None, **brief: object
    ) -> Json:
        body = {"source": source or {"type": "text", "text": text}, "platforms": platforms, **brief}
        answer = await self.user.post("/v1/workflows", json=body)
        assert answer.status_code == 202, answer.text
        started: Json = answer.json()
        return started

    async def workflow(self, workflow_id: str, wait: float = 0) -> Json:
        found: Json = (await self.user.get(f"/v1/workflows/{workflow_id}", params={"wait": wait})).json()
        return found

    async def until(self, workflow_id: str, holds: Callable[[Json], bool]) -> Json:
        """The workflow as soon as `holds` is true of it; long-polls like a client."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found: Json = {}
        known = ""
        while not found or not holds(found):
            assert time.monotonic() < deadline, found
            answer = await self.user.get(
                f"/v1/workflows/{workflow_id}", params={"wait": 2}, headers={"If-None-Match": known}
            )
            if answer.status_code == 200:
                found, known = answer.json(), answer.headers["etag"]
        return found

    async def rested(self, workflow_id: str) -> Json:
        """Nothing moves any more without a person, or before its time."""
        return await self.until(workflow_id, lambda found: all(map(rests, found["threads"])))

    async def drafted(self, *platforms: str, **brief: Any) -> Json:
        started = await self.start(*platforms, **brief)
        return await self.rested(started["id"])

    async def review(self, workflow: Json, platform: str) -> Json:
        review_id = thread(workflow, platform)["pending_review_id"]
        assert review_id is not None, workflow
        answer = await self.user.get(f"/v1/reviews/{review_id}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def decide(self, review: Mapping[str, Any], decision: str, **fields: Any) -> httpx.Response:
        body = {"decision": decision, "seen_hash": review["seen_hash"], **fields}
        return await self.user.post(f"/v1/reviews/{review['id']}/decision", json=body)

    async def accept(self, workflow: Json, platform: str, **fields: Any) -> Json:
        """Answers the review that was accepted."""
        review = await self.review(workflow, platform)
        answer = await self.decide(review, "accept", **fields)
        assert answer.status_code == 202, answer.text
        return review

    async def published(self, platform: str) -> Json:
        """A post that is out, from its draft."""
        workflow = await self.drafted(platform)
        await self.accept(workflow, platform)
        return await self.rested(workflow["id"])

    async def account(self, platform: str) -> Json:
        items = (await self.user.get("/v1/accounts", params={"platform": platform})).json()["items"]
        found: Json = items[0]
        return found

    async def job(self, workflow_id: str) -> Json:
        """The workflow's only job, with its attempts."""
        (item,) = (await self.user.get("/v1/publishing-jobs", params={"workflow_id": workflow_id})).json()[
            "items"
        ]
        found: Json = (await self.user.get(f"/v1/publishing-jobs/{item['id']}")).json()
        return found

    async def on_platform(self, platform: str) -> list[Json]:
        """What the simulator has of this person, newest first."""
        whose = {"platform": platform, "account": self._handle}
        answer = await self._simulators.get("/_control/posts", params=whose)
        items: list[Json] = answer.json()["items"]
        return items

    async def fault(self, platform: str, kind: str, **more: Any) -> None:
        body = {"platform": platform, "account": self._handle, "kind": kind, **more}
        answer = await self._simulators.post("/_control/faults", json=body)
        assert answer.status_code == 201, answer.text

    async def close(self) -> None:
        await self._simulators.aclose()


def thread(workflow: Json, platform: str) -> Json:
    found: Json = next(each for each in workflow["threads"] if each["platform"] == platform)
    return found


def words(text: str) -> str:
    """Without markup and white space, in which a page and its source differ."""
    return "".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


def rests(found: Json) -> bool:
    job = found["publishing_job"]
    waits = found["status"] in {"accepted", "publishing"} and job and job["status"] in {"held", "unknown"}
    return found["status"] in RESTING or bool(waits)


@pytest.fixture
async def author(api: Api, worker: None, simulator_url: str) -> AsyncIterator[Author]:
    """Owner of a workspace of their own."""
    user = await api.user()
    accounts = (await user.get("/v1/accounts")).json()["items"]
    made = Author(user, accounts[0]["username"], simulator_url)
    yield made
    await made.close()
