"""LangGraph's rows: how they are written inside a bigger statement, how they are read inside one."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, CheckpointTuple
from langgraph.checkpoint.base import writes_sort_key as order_of_writes
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

SERDE: Final = JsonPlusSerializer(allowed_msgpack_modules=None)
"""The stock format; reading makes no objects but LangGraph's own, whatever somebody puts into the tables."""

WRITES: Final = {
    "blobs": """
stored_blobs AS (
    INSERT INTO checkpoint_blobs (thread_id, checkpoint_ns, channel, version, type, blob)
    SELECT f.id::text, x.ns, x.channel, x.version, x.type, decode(x.blob, 'base64')
    FROM fence f, jsonb_to_recordset(CAST(:blobs AS jsonb)) AS x(ns text, channel text, version text, type text,
        blob text)
    ON CONFLICT (thread_id, checkpoint_ns, channel, version) DO NOTHING
)""",
    "checkpoints": """
stored_checkpoints AS (
    INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint, metadata)
    SELECT f.id::text, x.ns, x.id, x.parent_id, x.checkpoint, x.metadata
    FROM fence f, jsonb_to_recordset(CAST(:checkpoints AS jsonb)) AS x(ns text, id text, parent_id text,
        checkpoint jsonb, metadata jsonb)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id) DO UPDATE SET
        checkpoint = EXCLUDED.checkpoint, metadata = EXCLUDED.metadata
)""",
    "writes": """
stored_writes AS (
    INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type,
        blob)
    SELECT f.id::text, x.ns, x.checkpoint_id, x.task_id, x.task_path, x.idx, x.channel, x.type,
        decode(x.blob, 'base64')
    FROM fence f, jsonb_to_recordset(CAST(:writes AS jsonb)) AS x(ns text, checkpoint_id text, task_id text,
        task_path text, idx int, channel text, type text, blob text)
    ON CONFLICT (thread_id, checkpoint_ns, checkpoint_id, task_id, idx) DO UPDATE SET
        channel = EXCLUDED.channel, type = EXCLUDED.type, blob = EXCLUDED.blob
    WHERE EXCLUDED.idx < 0
)""",
}
"""CTEs by which of CheckpointRows they write, to follow a CTE `fence` with the thread's `id`: no row there, nothing
written. A negative idx marks an interrupt, an answer or an error, of which the last one counts; of a task's results the
first ones do."""

COLUMNS: Final = """
k.thread_id AS checkpoint_thread_id, k.checkpoint_ns, k.checkpoint_id, k.parent_checkpoint_id, k.checkpoint, k.metadata,
(
    SELECT array_agg(ARRAY[convert_to(b.channel, 'UTF8'), convert_to(b.type, 'UTF8'), b.blob])
    FROM jsonb_each_text(k.checkpoint -> 'channel_versions') v
    JOIN checkpoint_blobs b ON b.thread_id = k.thread_id AND b.checkpoint_ns = k.checkpoint_ns
        AND b.channel = v.key AND b.version = v.value
) AS channel_values,
(
    SELECT array_agg(ARRAY[convert_to(w.task_id, 'UTF8'), convert_to(w.channel, 'UTF8'), convert_to(w.type, 'UTF8'),
        w.blob, convert_to(w.task_path, 'UTF8'), convert_to(w.idx::text, 'UTF8')])
    FROM checkpoint_writes w WHERE w.thread_id = k.thread_id AND w.checkpoint_ns = k.checkpoint_ns
        AND w.checkpoint_id = k.checkpoint_id
) AS pending_writes
"""
JOIN: Final = """
LEFT JOIN LATERAL (
    SELECT * FROM checkpoints WHERE thread_id = c.id::text AND checkpoint_ns = '' ORDER BY checkpoint_id DESC LIMIT 1
) k ON true
"""
"""The latest checkpoint of the thread `c.id`, for `COLUMNS`."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BlobRow:
    ns: str
    channel: str
    version: str
    type: str
    blob: bytes | None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    ns: str
    id: str
    parent_id: str | None
    checkpoint: orjson.Fragment
    metadata: orjson.Fragment


@dataclass(frozen=True, slots=True)
class WriteRow:
    ns: str
    checkpoint_id: str
    task_id: str
    task_path: str
    idx: int
    channel: str
    type: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class CheckpointRows:
    """What a run has saved of one thread."""

    blobs: tuple[BlobRow, ...] = ()
    checkpoints: tuple[CheckpointRow, ...] = ()
    writes: tuple[WriteRow, ...] = ()

    def __add__(self, later: "CheckpointRows") -> "CheckpointRows":
        return CheckpointRows(
            self.blobs + later.blobs, self.checkpoints + later.checkpoints, self.writes + later.writes
        )

    def kinds(self) -> tuple[str, ...]:
        """Of which there are any, as keys of `WRITES`."""
        return tuple(kind for kind in WRITES if getattr(self, kind))

    def parameters(self) -> dict[str, str]:
        """For those, each as JSON: psycopg takes several times as long to write arrays."""
        return {kind: orjson.dumps(getattr(self, kind), default=_plain).decode() for kind in self.kinds()}


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no part of a row")


@dataclass(frozen=True, slots=True)
class Write:
    """A pending write; its key is (task_id, idx)."""

    task_path: str
    channel: str
    value: Any


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint with its pending writes under the keys by which later ones replace them."""

    checkpoint: CheckpointTuple
    writes: dict[tuple[str, int], Write]

    def tuple(self) -> CheckpointTuple:
        """A copy that a run may change."""
        ordered = sorted(
            self.writes.items(), key=lambda item: order_of_writes(item[1].task_path, item[0][0], item[0][1])
        )
        return self.checkpoint._replace(
            checkpoint=_copy(self.checkpoint.checkpoint),
            metadata=self.checkpoint.metadata.copy(),
            pending_writes=[(task_id, write.channel, write.value) for (task_id, _), write in ordered],
        )


def _copy(checkpoint: Checkpoint) -> Checkpoint:
    """What a run changes in place is its own; LangGraph's copy_checkpoint adds a key that is not in the row."""
    seen = {node: versions.copy() for node, versions in checkpoint["versions_seen"].items()}
    return {
        **checkpoint,
        "channel_values": checkpoint["channel_values"].copy(),
        "channel_versions": checkpoint["channel_versions"].copy(),
        "versions_seen": seen,
    }


def load(row: Row | None) -> Loaded | None:
    """From a row's `COLUMNS`; None for a thread without a checkpoint."""
    if row is None or row["checkpoint_id"] is None:
        return None
    stored: Checkpoint = row["checkpoint"]
    checkpoint: Checkpoint = {
        **stored,
        "channel_values": {
            **stored["channel_values"],
            **{
                bytes(channel).decode(): _value(type_, blob)
                for channel, type_, blob in row["channel_values"] or ()
            },
        },
    }
    writes = {
        (bytes(task_id).decode(), int(bytes(idx))): Write(
            bytes(path).decode(), bytes(channel).decode(), _value(type_, blob)
        )
        for task_id, channel, type_, blob, path, idx in row["pending_writes"] or ()
    }
    return Loaded(_tuple(row, checkpoint), writes)


def _tuple(row: Row, checkpoint: Checkpoint) -> CheckpointTuple:
    thread_id, ns, parent_id = row["checkpoint_thread_id"], row["checkpoint_ns"], row["parent_checkpoint_id"]
    return CheckpointTuple(
        config=config_of(thread_id, ns, row["checkpoint_id"]),
        checkpoint=checkpoint,
        metadata=row["metadata"],
        parent_config=config_of(thread_id, ns, parent_id) if parent_id else None,
    )


def config_of(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ns, "checkpoint_id": checkpoint_id}}


def _value(type_: bytes, blob: bytes) -> Any:
    return SERDE.loads_typed((bytes(type_).decode(), bytes(blob)))
