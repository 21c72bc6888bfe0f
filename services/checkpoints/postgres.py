"""The saver for whoever shows threads: their state and their history."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.checkpoints.clock import follow
from services.checkpoints.rows import COLUMNS, WRITES, CheckpointRows, config_of, load
from services.checkpoints.saver import RowSaver

Sessions = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""Each session is a transaction that commits when it is left, e.g. a tenant's."""

_DELETE: Final = text("""
WITH gone AS (DELETE FROM checkpoints WHERE thread_id = :thread_id),
    blobs AS (DELETE FROM checkpoint_blobs WHERE thread_id = :thread_id)
DELETE FROM checkpoint_writes WHERE thread_id = :thread_id
""")


class PostgresSaver(RowSaver):
    """Every thread that the sessions' role may see; writes through at once."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self._sessions = sessions

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        wanted: RunnableConfig = {"configurable": {"checkpoint_ns": "", **config["configurable"]}}
        found = [checkpoint async for checkpoint in self.alist(wanted, limit=1)]
        if not found:
            return None
        follow(found[0].checkpoint["id"])
        return found[0]

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        configurable = config["configurable"] if config else {}
        given = {
            "thread_id": configurable.get("thread_id"),
            "ns": configurable.get("checkpoint_ns"),
            "checkpoint_id": get_checkpoint_id(config) if config else None,
            "before": get_checkpoint_id(before) if before else None,
            "filter": json.dumps(filter) if filter else None,
        }
        parameters = {name: value for name, value in given.items() if value is not None}
        where = " AND ".join(_CONDITIONS[name] for name in parameters) or "true"
        query = text(
            f"SELECT {COLUMNS} FROM checkpoints k WHERE {where} ORDER BY k.checkpoint_id DESC LIMIT :limit"
        )
        async with self._sessions() as session:
            rows = (await session.execute(query, {**parameters, "limit": limit})).mappings().all()
        for row in rows:
            if (loaded := load(dict(row))) is not None:
                yield loaded.tuple()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        row, blobs = self.rows_of_checkpoint(config, checkpoint, metadata, new_versions)
        thread_id = config["configurable"]["thread_id"]
        await self._write(thread_id, CheckpointRows(tuple(blobs), (row,)))
        return config_of(thread_id, row.ns, row.id)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        rows = self.rows_of_writes(config, writes, task_id, task_path)
        await self._write(config["configurable"]["thread_id"], CheckpointRows(writes=tuple(rows)))

    async def adelete_thread(self, thread_id: str) -> None:
        async with self._sessions() as session:
            await session.execute(_DELETE, {"thread_id": thread_id})

    async def _write(self, thread_id: str, rows: CheckpointRows) -> None:
        parts = ["fence AS (SELECT CAST(:thread_id AS text) AS id)", *(WRITES[kind] for kind in rows.kinds())]
        async with self._sessions() as session:
            await session.execute(
                text(f"WITH {', '.join(parts)} SELECT"), {"thread_id": thread_id, **rows.parameters()}
            )


_CONDITIONS: Final = {
    "thread_id": "k.thread_id = :thread_id",
    "ns": "k.checkpoint_ns = :ns",
    "checkpoint_id": "k.checkpoint_id = :checkpoint_id",
    "before": "k.checkpoint_id < :before",
    "filter": "k.metadata @> CAST(:filter AS jsonb)",
}
