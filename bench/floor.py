"""Bare LangGraph: the same graph and its two pauses, the stock saver, no server and no row of ours."""

import asyncio
from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.types import Command

from agents.base import NullMeter
from bench.null import NullAgents
from graphs.context import ServiceContext
from graphs.loop import build
from graphs.run import bind

_RECEIPT = {"outcome": "published", "platform_post_id": "1", "url": "https://example.com/1"}


async def cycles(conninfo: str, callers: int, each: int) -> None:
    """`callers` at a time, each doing `each` cycles from input to the end, durability sync."""
    async with AsyncPostgresSaver.from_conn_string(conninfo) as saver:
        graph = bind(build("x"), saver)
        agents = NullAgents()
        context = ServiceContext(writer=agents, critic=agents, meter=NullMeter())

        async def caller() -> None:
            for _ in range(each):
                config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}
                message: Any = {"source": {"text": "We have shipped."}}
                for answer in ({"decision": "accept"}, _RECEIPT, None):
                    async for _ in graph.astream(message, config, context=context, durability="sync"):
                        pass
                    message = Command(resume=answer)

        await asyncio.gather(*(caller() for _ in range(callers)))


async def setup(conninfo: str) -> None:
    async with AsyncPostgresSaver.from_conn_string(conninfo) as saver:
        await saver.setup()
