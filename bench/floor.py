"""Bare LangGraph: the same graph and its two pauses, the stock saver, no server and no row of ours."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command

from agents.base import NullMeter
from bench.child import Run, Warm
from bench.null import NullAgents
from graphs.context import ServiceContext
from graphs.loop import build
from graphs.run import bind

_BRIEF = {"source": {"text": "We have shipped."}}
_ACCEPT = {"decision": "accept"}
_RECEIPT = {"outcome": "published", "platform_post_id": "1", "url": "https://example.com/1"}
_SCHEMA = "floor"


@dataclass(frozen=True, slots=True)
class Bare:
    conninfo: str
    callers: int
    each: int
    durability: Literal["sync", "exit"] = "sync"
    warm_up: int = 2


async def run(task: Bare, warm: Warm) -> Run:
    async with AsyncPostgresSaver.from_conn_string(task.conninfo) as saver:
        graph = bind(build("x"), saver)
        agents = NullAgents()
        context = ServiceContext(writer=agents, critic=agents, meter=NullMeter())
        review_seconds: list[float] = []
        published_seconds: list[float] = []

        async def to_pause(message: Any, config: RunnableConfig) -> None:
            async for _ in graph.astream(message, config, context=context, durability=task.durability):
                pass

        async def caller(each: int) -> None:
            for _ in range(each):
                config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}
                began = time.perf_counter()
                await to_pause(_BRIEF, config)
                decided = time.perf_counter()
                review_seconds.append(decided - began)
                await to_pause(Command(resume=_ACCEPT), config)
                await to_pause(Command(resume=_RECEIPT), config)
                published_seconds.append(time.perf_counter() - decided)

        await asyncio.gather(*(caller(task.warm_up) for _ in range(task.callers)))
        await warm()
        review_seconds.clear()
        published_seconds.clear()
        began, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(caller(task.each) for _ in range(task.callers)))
        return Run(time.perf_counter() - began, time.process_time() - cpu, review_seconds, published_seconds)


def prepare(conninfo: str) -> str:
    """The stock saver's tables in a schema of its own, so that neither reads the other's rows; returns where."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
    options = f"-csearch_path={_SCHEMA}"
    there = psycopg.conninfo.make_conninfo(conninfo, options=options)
    asyncio.run(_setup(there))
    return there


async def _setup(conninfo: str) -> None:
    async with AsyncPostgresSaver.from_conn_string(conninfo) as saver:
        await saver.setup()
