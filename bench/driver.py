"""Callers of the HTTP API, in a process of their own: from a brief to its post, as a program would do it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from uuid import UUID

import aiohttp
import orjson

from bench.child import Run, Warm

BRIEF = {"source": {"type": "text", "text": "We have shipped."}, "platforms": ["x"]}
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """`each`: cycles of every caller, after `warm_up` that are not measured."""

    base_urls: tuple[str, ...]
    api_key: str
    accounts: tuple[UUID, ...]
    callers: int
    each: int
    warm_up: int = 2


@dataclass(slots=True)
class _Seen:
    review_seconds: list[float] = field(default_factory=list)
    published_seconds: list[float] = field(default_factory=list)


async def drive(load: Load, warm: Warm) -> Run:
    accounts = cycle(load.accounts)
    async with _client(load) as http:
        urls = [load.base_urls[n % len(load.base_urls)] for n in range(load.callers)]

        async def all_callers(each: int, seen: _Seen) -> None:
            await asyncio.gather(*(_caller(http, url, accounts, each, seen) for url in urls))

        await all_callers(load.warm_up, _Seen())
        await warm()
        seen, began, cpu = _Seen(), time.perf_counter(), time.process_time()
        await all_callers(load.each, seen)
        return Run(
            time.perf_counter() - began,
            time.process_time() - cpu,
            seen.review_seconds,
            seen.published_seconds,
        )


@asynccontextmanager
async def _client(load: Load) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {load.api_key}"},
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        json_serialize=lambda value: orjson.dumps(value).decode(),
        raise_for_status=_refused,
    ) as http:
        yield http


async def _caller(
    http: aiohttp.ClientSession, url: str, accounts: Iterator[UUID], each: int, seen: _Seen
) -> None:
    for _ in range(each):
        await _cycle(http, url, next(accounts), seen)


async def _cycle(http: aiohttp.ClientSession, url: str, account_id: UUID, seen: _Seen) -> None:
    """Start, follow the events, read the review, accept it, see that it is out."""
    began = time.perf_counter()
    async with http.post(f"{url}/v1/workflows", json=BRIEF) as answer:
        workflow = await _json(answer)
    async with http.get(f"{url}/v1/workflows/{workflow['id']}/events") as stream:
        events = _events(stream)
        requested = await _next(events, "review.requested")
        seen.review_seconds.append(time.perf_counter() - began)
        review_url = f"{url}/v1/reviews/{requested['review_id']}"
        async with http.get(review_url) as answer:
            review = await _json(answer)
        decided = time.perf_counter()
        decision = {
            "decision": "accept",
            "seen_hash": review["seen_hash"],
            "account_id": str(account_id),
        }
        async with http.post(f"{review_url}/decision", json=decision) as answer:
            await _json(answer)
        await _next(events, "post.published")
        seen.published_seconds.append(time.perf_counter() - decided)


async def _events(stream: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, bytes]]:
    """(type, data) of each."""
    kind = ""
    async for line in stream.content:
        if line.startswith(b"event: "):
            kind = line[7:].strip().decode()
        elif line.startswith(b"data: "):
            yield kind, line[6:]


async def _next(events: AsyncIterator[tuple[str, bytes]], wanted: str) -> dict[str, Any]:
    async for kind, data in events:
        if kind == wanted:
            found: dict[str, Any] = orjson.loads(data)
            return found
    raise ConnectionError(f"the stream ended before {wanted}")


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    found: dict[str, Any] = await answer.json(loads=orjson.loads)
    return found


async def _refused(answer: aiohttp.ClientResponse) -> None:
    if answer.status >= 400:
        raise RuntimeError(f"{answer.method} {answer.url.path}: {answer.status} {await answer.text()}")
