"""A running service's threads in LangGraph Studio: read from its database, changed in Studio's memory alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from sqlalchemy import text

from core.db import Database
from core.errors import NotFound
from core.settings import load as load_settings
from services.checkpoints.postgres import PostgresSaver
from services.checkpoints.rows import SERDE


class StudioSaver(InMemorySaver):
    """The service owns its threads: what it shows is read each time, and whatever Studio does to one, a run, a fork, an
    edit of the state, is done to a copy. Studio's own threads are in memory from the start."""

    def __init__(self, service: PostgresSaver) -> None:
        super().__init__(serde=SERDE)
        self._service = service
        self._copying = asyncio.Lock()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        if self._is_copied(config):
            return await super().aget_tuple(config)
        return await self._service.aget_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        own = config is None or self._is_copied(config)
        source = super().alist if own else self._service.alist
        async for checkpoint in source(config, filter=filter, before=before, limit=limit):
            yield checkpoint

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        await self._copy(config)
        return await super().aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await self._copy(config)
        await super().aput_writes(config, writes, task_id, task_path)

    def _is_copied(self, config: RunnableConfig) -> bool:
        return config["configurable"]["thread_id"] in self.storage

    async def _copy(self, config: RunnableConfig) -> None:
        """The whole history, once; a thread that the service does not have has none."""
        async with self._copying:
            if self._is_copied(config):
                return
            thread: RunnableConfig = {"configurable": {"thread_id": config["configurable"]["thread_id"]}}
            newest_first = [checkpoint async for checkpoint in self._service.alist(thread)]
            for checkpoint in reversed(newest_first):
                await self._put(checkpoint)

    async def _put(self, found: CheckpointTuple) -> None:
        identity = found.config["configurable"]
        parent = found.parent_config["configurable"]["checkpoint_id"] if found.parent_config else None
        under: RunnableConfig = {"configurable": {**identity, "checkpoint_id": parent}}
        versions = found.checkpoint["channel_versions"]
        await super().aput(under, found.checkpoint, found.metadata, versions)
        for task_id, writes in groupby(found.pending_writes or (), key=itemgetter(0)):
            await super().aput_writes(
                found.config, [(channel, value) for _, channel, value in writes], task_id
            )


@asynccontextmanager
async def studio_saver() -> AsyncIterator[StudioSaver]:
    """What `proofroom studio --thread` names as LangGraph's checkpointer; the database is the environment's."""
    database = Database(load_settings())
    try:
        yield StudioSaver(PostgresSaver(database.service))
    finally:
        await database.dispose()


async def graph_of(database: Database, thread_id: UUID) -> str:
    """The platform that a thread of the service belongs to. Raises NotFound."""
    async with database.service() as session:
        query = text("SELECT graph_id FROM threads WHERE id = :id")
        graph_id: str | None = (await session.execute(query, {"id": thread_id})).scalar()
    if graph_id is None:
        raise NotFound(f"There is no thread {thread_id} in this database.")
    return graph_id
