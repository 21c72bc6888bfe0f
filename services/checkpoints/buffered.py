"""The saver of one advance."""

from collections.abc import Sequence
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)

from services.checkpoints.clock import follow
from services.checkpoints.rows import (
    BlobRow,
    CheckpointRow,
    CheckpointRows,
    Loaded,
    Write,
    WriteRow,
    config_of,
)
from services.checkpoints.saver import RowSaver

_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")


class BufferedSaver(RowSaver):
    """One thread's saver for one advance: knows its latest checkpoint and keeps the rows until they are taken.

    Only root graphs, and only the latest checkpoint: a run needs nothing else.
    """

    def __init__(self, loaded: Loaded | None = None) -> None:
        super().__init__()
        self._latest = loaded
        if loaded is not None:
            follow(loaded.checkpoint.checkpoint["id"])
        self._start_anew()

    @property
    def latest_id(self) -> str | None:
        """The checkpoint that a step has just put."""
        return self._latest.checkpoint.checkpoint["id"] if self._latest else None

    def _start_anew(self) -> None:
        self._blobs: list[BlobRow] = []
        self._checkpoints: dict[str, CheckpointRow] = {}
        self._writes: dict[tuple[str, str, int], WriteRow] = {}

    def take(self) -> CheckpointRows:
        """What was saved since the last time, now the caller's to write."""
        rows = CheckpointRows(
            tuple(self._blobs), tuple(self._checkpoints.values()), tuple(self._writes.values())
        )
        self._start_anew()
        return rows

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        if self._latest is None:
            return None
        latest = self._latest.tuple()
        if get_checkpoint_id(config) not in {None, latest.checkpoint["id"]}:
            raise LookupError("A run's saver holds the latest checkpoint only.")
        return latest

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        row, blobs = self.rows_of_checkpoint(config, checkpoint, metadata, new_versions)
        self._checkpoints[row.id] = row
        self._blobs += blobs
        thread_id = config["configurable"]["thread_id"]
        saved = config_of(thread_id, row.ns, row.id)
        parent = config_of(thread_id, row.ns, row.parent_id) if row.parent_id else None
        self._latest = Loaded(CheckpointTuple(saved, checkpoint, metadata, parent), {})
        return saved

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        rows = self.rows_of_writes(config, writes, task_id, task_path)
        for row, (_, value) in zip(rows, writes, strict=True):
            _keep(self._writes, (row.checkpoint_id, row.task_id, row.idx), row, row.idx)
            if self._latest is not None and self._latest.checkpoint.checkpoint["id"] == row.checkpoint_id:
                write = Write(row.task_path, row.channel, value)
                _keep(self._latest.writes, (row.task_id, row.idx), write, row.idx)


def _keep(kept: dict[_Key, _Kept], key: _Key, value: _Kept, idx: int) -> None:
    """As `WRITES` does: the last special write counts, and the first ordinary one."""
    if idx < 0 or key not in kept:
        kept[key] = value
