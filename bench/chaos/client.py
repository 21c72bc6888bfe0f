"""A caller that does not give up: it repeats what brought no answer, under the same Idempotency-Key."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any
from uuid import UUID

import aiohttp

from bench.chaos.journal import Journal, Surprise

PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.3
_AGAIN = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST


class NoAnswer(Exception):
    """Not one came for as long as a caller would wait."""


@dataclass
class Client:
    http: aiohttp.ClientSession
    base_urls: Sequence[str]
    journal: Journal
    dice: Random
    retried: int = field(default=0)

    async def get(self, path: str) -> dict[str, Any]:
        answer = await self._send("GET", path, None, {})
        if not answer.ok:
            self.surprise("refused", path, answer)
        return answer.body

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Answer:
        """What became of one wish, however often it had to be said."""
        key = str(UUID(int=self.dice.getrandbits(128), version=4))
        return await self._send("POST", path, body, {"Idempotency-Key": key})

    def surprise(self, kind: str, about: str, answer: Answer) -> None:
        self.journal.write(Surprise(kind, about, f"{answer.status} {answer.body}"[:500]))

    async def _send(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]
    ) -> Answer:
        deadline = time.monotonic() + PATIENCE_SECONDS
        last = ""
        while time.monotonic() < deadline:
            url = self.dice.choice(self.base_urls) + path
            try:
                async with self.http.request(method, url, json=body, headers=headers) as response:
                    answer = Answer(response.status, await response.json(content_type=None) or {})
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                answer, last = None, repr(error)
            if answer is not None and answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                self.surprise("answered 500", f"{method} {path}", answer)
            elif answer is not None and answer.status not in _AGAIN:
                return answer
            elif answer is not None:
                last = f"{answer.status} {answer.body}"
            self.retried += 1
            await asyncio.sleep(PAUSE_SECONDS * (0.5 + self.dice.random()))
        raise NoAnswer(f"{method} {path}, at last: {last}")
