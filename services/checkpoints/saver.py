"""What both savers share: the rows that a checkpoint and its writes become."""

from collections.abc import Sequence
from typing import Any

import orjson
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    get_serializable_checkpoint_metadata,
)
from langgraph.checkpoint.postgres.base import BasePostgresSaver
from orjson import Fragment

from services.checkpoints.rows import SERDE, BlobRow, CheckpointRow, WriteRow


class RowSaver(BasePostgresSaver):
    """Makes rows as the stock saver does: plain values stay inside the checkpoint, the rest become blobs."""

    def __init__(self) -> None:
        super().__init__(serde=SERDE)

    def rows_of_checkpoint(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> tuple[CheckpointRow, list[BlobRow]]:
        ns = config["configurable"].get("checkpoint_ns", "")
        inline: dict[str, Any] = {}
        apart: dict[str, Any] = {}
        for channel, value in checkpoint["channel_values"].items():
            plain = value is None or isinstance(value, str | int | float | bool)
            (inline if plain else apart)[channel] = value
        blobs = [
            BlobRow(ns, channel, str(version), *self.serde.dumps_typed(apart[channel]))
            for channel, version in new_versions.items()
            if channel in apart
        ]
        row = CheckpointRow(
            ns,
            checkpoint["id"],
            config["configurable"].get("checkpoint_id"),
            Fragment(orjson.dumps({**checkpoint, "channel_values": inline})),
            Fragment(orjson.dumps(get_serializable_checkpoint_metadata(config, metadata))),
        )
        return row, blobs

    def rows_of_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> list[WriteRow]:
        ns, checkpoint_id = (
            config["configurable"].get("checkpoint_ns", ""),
            config["configurable"]["checkpoint_id"],
        )
        return [
            WriteRow(
                ns,
                checkpoint_id,
                task_id,
                task_path,
                WRITES_IDX_MAP.get(channel, position),
                channel,
                *self.serde.dumps_typed(value),
            )
            for position, (channel, value) in enumerate(writes)
        ]
