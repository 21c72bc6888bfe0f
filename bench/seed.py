"""Fills a migrated database as a year of use leaves it: `python -m bench.seed --database-url …`.

Needs a superuser, since the rows are written without their triggers; they come out as the triggers would have made
them. A waiting thread's checkpoints are those of one real run: its review can be decided, but what is seeded is there
to be in the way, not to be worked on.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from agents.base import NullMeter
from bench.null import NullAgents
from graphs import run
from graphs.context import ServiceContext
from graphs.loop import build
from services.checkpoints import BufferedSaver
from services.checkpoints.rows import BlobRow, CheckpointRow, CheckpointRows, WriteRow

_ROWS = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True)
class Size:
    """`reviews` wait, `posts` are out. Half of everything is in one big workspace."""

    reviews: int = 100_000
    posts: int = 500_000
    drafts: int = 1_000_000
    workspaces: int = 200
    """The small ones."""


FULL = Size()


def seed(conninfo: str, size: Size = FULL, *, big: UUID | None = None) -> None:
    """`big` is the workspace to make big; without it one is made."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = public, langgraph")
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        _prepare(connection, size, big)
        connection.execute(_ROWS.read_text())
        connection.execute("VACUUM (ANALYZE)")


def _prepare(connection: psycopg.Connection, size: Size, big: UUID | None) -> None:
    connection.execute(
        "CREATE TEMP TABLE wanted AS SELECT %s::bigint AS threads_published, %s::bigint AS threads_waiting,"
        " %s::bigint AS extra_drafts, %s::bigint AS workspaces, %s::uuid AS big",
        [size.posts, size.reviews, size.drafts - size.posts - size.reviews, size.workspaces, big],
    )
    rows = asyncio.run(_paused())
    for name, kind, found in (
        ("checkpoint", CheckpointRow, rows.checkpoints),
        ("blob", BlobRow, rows.blobs),
        ("write", WriteRow, rows.writes),
    ):
        _copy(connection, name, kind, found)


async def _paused() -> CheckpointRows:
    """What a thread saves on its way to its review."""
    agents, saver = NullAgents(), BufferedSaver()
    context = ServiceContext(writer=agents, critic=agents, meter=NullMeter())
    brief: Any = {"source": {"type": "text", "text": "We have shipped."}, "options": {}}
    async for _ in run.advance(build("x"), saver, str(uuid4()), run.Start(brief), context):
        pass
    return saver.take()


_TYPES: dict[Any, str] = {str: "text", str | None: "text", int: "int", bytes: "bytea", bytes | None: "bytea"}


def _copy(connection: psycopg.Connection, table: str, kind: type, rows: Sequence[Any]) -> None:
    columns = ", ".join(f"{column.name} {_TYPES[column.type]}" for column in fields(kind))
    connection.execute(f"CREATE TEMP TABLE {table} ({columns})")
    with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row([getattr(row, column.name) for column in fields(kind)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url", required=True, help="of a superuser, on a migrated database")
    parser.add_argument("--workspace", type=UUID, help="the workspace to make big; without it one is made")
    for field in fields(Size):
        parser.add_argument(f"--{field.name}", type=int, default=getattr(FULL, field.name))
    given = vars(parser.parse_args())
    conninfo, big = given.pop("database_url"), given.pop("workspace")
    started = time.perf_counter()
    seed(conninfo, Size(**given), big=big)
    print(f"{Size(**given)} in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
