"""Fills a migrated database as a year of use leaves it: `python -m bench.seed --database-url …`.

Needs a superuser, since the rows are written without their triggers; they come out as the triggers would have made
them. A waiting thread's checkpoints are those of one real run: its review can be decided, but what is seeded is there
to be in the way, not to be worked on.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from pydantic import SecretStr

from agents.base import NullMeter
from bench.null import NullAgents
from core.db import Database
from core.settings import Settings
from graphs import run
from graphs.context import ServiceContext
from graphs.loop import build
from services.checkpoints import PostgresSaver

_ROWS = Path(__file__).with_suffix(".sql")
_PATTERN = str(UUID(int=0))
"""The thread whose checkpoints every waiting one gets."""


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
    asyncio.run(_pause(conninfo))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = public, langgraph")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "CREATE TEMP TABLE wanted AS SELECT %s::bigint AS threads_published, %s::bigint AS threads_waiting,"
            " %s::bigint AS extra_drafts, %s::bigint AS workspaces, %s::uuid AS big, %s AS pattern",
            [
                size.posts,
                size.reviews,
                size.drafts - size.posts - size.reviews,
                size.workspaces,
                big,
                _PATTERN,
            ],
        )
        connection.execute(_ROWS.read_text())
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


async def _pause(conninfo: str) -> None:
    """One thread on its way to its review."""
    db = Database(Settings(database_url=SecretStr(conninfo)))
    agents = NullAgents()
    context = ServiceContext(writer=agents, critic=agents, meter=NullMeter())
    brief: Any = {"source": {"type": "text", "text": "We have shipped."}, "options": {}}
    try:
        async for _ in run.advance(
            build("x"), PostgresSaver(db.service), _PATTERN, run.Start(brief), context
        ):
            pass
    finally:
        await db.dispose()


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
