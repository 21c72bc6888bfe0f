"""Callers with LangGraph's own SDK, in a process of their own: the same calls to whatever server it is."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from bench.child import Run, Warm

ASSISTANT: Final = "x"
_FIRST_LOOK_SECONDS: Final = 0.01
"""Until a caller asks again whether the thread rests; twice as long after each look."""
_PATIENCE_SECONDS: Final = 30.0
RACE_SECONDS: Final = 5.0
"""After which a thread that is still busy is given up."""


@dataclass(frozen=True, slots=True)
class Server:
    """`accounts`: to publish with, in turn; none where there are no such things."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    accounts: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """`each`: cycles of every caller, after `warm_up` that are not measured."""

    server: Server
    callers: int
    each: int
    warm_up: int


@dataclass(frozen=True, slots=True)
class Race:
    """Two decisions at once on each of so many threads, which are at it side by side."""

    server: Server
    threads: int


@dataclass(frozen=True, slots=True)
class Raced:
    """`mark` is in every text that the thread may publish. `told`: what both callers heard, "" for a success, which
    comes first. `status`: the thread's in the end."""

    mark: str
    told: tuple[str, str]
    status: str


async def drive(load: Load, warm: Warm) -> Run:
    async with _client(load.server) as client:
        accept = cycle(_answers(load.server, "accept"))

        async def all_callers(each: int, review: list[float], published: list[float]) -> None:
            callers = (_caller(client, accept, each, review, published) for _ in range(load.callers))
            await asyncio.gather(*callers)

        await all_callers(load.warm_up, [], [])
        await warm()
        review: list[float] = []
        published: list[float] = []
        began, cpu = time.perf_counter(), time.process_time()
        await all_callers(load.each, review, published)
        return Run(time.perf_counter() - began, time.process_time() - cpu, review, published)


async def race(task: Race, warm: Warm) -> list[Raced]:
    """One accepts and the other edits, so that both would show if both went out."""
    accept, edit = (cycle(_answers(task.server, decision)) for decision in ("accept", "edit"))
    await warm()
    async with _client(task.server) as first, _client(task.server) as second:

        async def one() -> Raced:
            mark = uuid4().hex
            thread_id = await _to_review(first, mark)
            told = await asyncio.gather(
                _decide(first, thread_id, next(accept)),
                _decide(second, thread_id, {**next(edit), "content": f"Edited {mark}"}),
                return_exceptions=True,
            )
            heard = sorted(map(_words, told))
            return Raced(mark, (heard[0], heard[1]), await _rest(first, thread_id, RACE_SECONDS))

        return await asyncio.gather(*(one() for _ in range(task.threads)))


@asynccontextmanager
async def _client(server: Server) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=server.url, api_key=server.api_key) as client:
        yield client


async def _caller(
    client: LangGraphClient,
    answers: Iterator[dict[str, Any]],
    each: int,
    review: list[float],
    published: list[float],
) -> None:
    for _ in range(each):
        began = time.perf_counter()
        thread_id = await _to_review(client, "We have shipped.")
        decided = time.perf_counter()
        review.append(decided - began)
        await _decide(client, thread_id, next(answers))
        if (status := await _rest(client, thread_id)) != "idle":
            raise RuntimeError(f"{thread_id} is {status}")
        published.append(time.perf_counter() - decided)


async def _to_review(client: LangGraphClient, text: str) -> str:
    thread_id = (await client.threads.create())["thread_id"]
    source = {"type": "text", "text": text}
    values: Any = await client.runs.wait(thread_id, ASSISTANT, input={"source": source})
    if not values.get("__interrupt__"):
        raise RuntimeError(f"{thread_id} asks nobody: {values}")
    return thread_id


async def _decide(client: LangGraphClient, thread_id: str, answer: dict[str, Any]) -> None:
    await client.runs.wait(thread_id, ASSISTANT, command={"resume": answer})


async def _rest(client: LangGraphClient, thread_id: str, patience: float = _PATIENCE_SECONDS) -> str:
    """The thread's status when it is out: some answer a resume at the end, ours once the decision is in effect."""
    pause, until = _FIRST_LOOK_SECONDS, time.monotonic() + patience
    while (status := (await client.threads.get(thread_id))["status"]) == "busy" and time.monotonic() < until:
        await asyncio.sleep(pause)
        pause *= 2
    return status


def _answers(server: Server, decision: str) -> list[dict[str, Any]]:
    return [{"decision": decision, "account_id": str(each)} for each in server.accounts] or [
        {"decision": decision}
    ]


def _words(told: BaseException | None) -> str:
    """With what the server said, which the SDK notes on the error."""
    if isinstance(told, httpx.HTTPStatusError):
        said = json.loads("".join(told.__notes__))
        return f"{told.response.status_code} {said.get('detail') or said.get('message')}"
    return "" if told is None else f"200, {told}"
