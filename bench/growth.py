"""The same work on an empty and on a full database, in turns: what a year of use makes slower."""

import asyncio
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.child import Child, child
from bench.driver import drive
from bench.reads import INBOX, Answers, Load, ask, workflow_paths
from bench.rounds import Callers, Series, in_turns, ours
from bench.seed import FULL, Size, seed
from bench.service import Service, running
from core.db import Database
from models import ReviewStatus
from services import pages, workflow_views
from services.reviewing import review_views
from services.reviewing.review_filters import Filters

ACCOUNTS: Final = 60
LOOKS: Final = 60
PAGE: Final = Size(reviews=200, posts=0, drafts=400, workspaces=1)
"""For the empty database, so that both have a page to show."""
SMALL: Final = Size(reviews=2_000, posts=10_000, drafts=20_000, workspaces=20)


@dataclass(frozen=True, slots=True)
class Line:
    """Milliseconds, but for the rate."""

    name: str
    empty: float
    full: float
    ratio: float
    """Of full to empty; larger is worse."""


def run(console: Console, *, quick: bool) -> dict[str, float]:
    size, rounds, cycles = (SMALL, 2, {1: 10, 16: 64}) if quick else (FULL, 5, {1: 40, 16: 240})
    with ExitStack() as stack:
        empty, full = (stack.enter_context(running(accounts_each=ACCOUNTS, journal=False)) for _ in range(2))
        process = stack.enter_context(child(drive, "uvloop"))
        began = time.perf_counter()
        seed(full.superuser_url, size, big=full.owner.principal.workspace_id)
        console.print(f"Growth: {size} seeded in {time.perf_counter() - began:.0f} s")
        lines: list[Line] = []
        contestants = [ours("empty", Callers(empty, process)), ours("full", Callers(full, process))]
        for callers, number in cycles.items():
            one, other = in_turns(contestants, callers, number, rounds)
            lines += _compared(one, other)
        seed(empty.superuser_url, PAGE, big=empty.owner.principal.workspace_id)
        lines += _read(empty, full, stack.enter_context(child(ask, "uvloop")), 2 * rounds)
        looks = [[asyncio.run(_database_ms(each)) for each in (empty, full)] for _ in range(rounds)]
        there, here = (
            [statistics.median(ms) for ms in zip(*found, strict=True)] for found in zip(*looks, strict=True)
        )
    table = Table("", box=box.SIMPLE_HEAD)
    for heading in ("empty", "full", "full / empty"):
        table.add_column(heading, justify="right")
    for line in lines:
        table.add_row(line.name, f"{line.empty:.2f}", f"{line.full:.2f}", f"{line.ratio:.2f}")
    console.print(table)
    for name, e, f in zip(("an inbox page", "a workflow by id"), there, here, strict=True):
        console.print(f"Database time of {name}: {e:.2f} ms on the empty, {f:.2f} ms on the full database")
    return {
        "growth_ratio": max(line.ratio for line in lines),
        "inbox_database_ms": here[0],
        "workflow_database_ms": here[1],
    }


def _compared(empty: Series, full: Series) -> list[Line]:
    who = f"{full.callers} caller{'s' * (full.callers > 1)}"
    lines = [Line(f"{who}: cycles/s", empty.rate, full.rate, 1 / full.against(empty))]
    for name, field in (("start→review", "review_seconds"), ("decision→published", "published_seconds")):
        medians = [
            [statistics.median(getattr(each.run, field)) * 1000 for each in series.rounds]
            for series in (empty, full)
        ]
        ratio = statistics.median(f / e for e, f in zip(*medians, strict=True))
        before, after = map(statistics.median, medians)
        lines.append(Line(f"{who}: {name} p50 ms", before, after, ratio))
    return lines


def _read(empty: Service, full: Service, asking: Child[Load, Answers], rounds: int) -> list[Line]:
    lines = []
    for name in ("inbox page", "workflow by id"):
        pairs: list[list[float]] = [[], []]
        for _ in range(rounds):
            for service, found in zip((empty, full), pairs, strict=True):
                paths = (INBOX,) if name == "inbox page" else workflow_paths(service)
                load = Load((service.base_url,), service.owner.api_key, paths, callers=1, seconds=1.0)
                found.append(asking.warm_up(load)().ms(50))
        ratio = statistics.median(f / e for e, f in zip(*pairs, strict=True))
        before, after = map(statistics.median, pairs)
        lines.append(Line(f"{name} p50 ms", before, after, ratio))
    return lines


async def _database_ms(service: Service) -> tuple[float, float]:
    """Of an inbox page and of a workflow by its id: a statement each, from sending it to having its answer read."""
    who = service.owner.principal
    db = Database(service.settings)
    try:
        async with db.reading(who.workspace_id, who.user_id) as connection:
            newest = await workflow_views.browse(connection, pages.Wanted(), workflow_views.Filters())
        ids = [view.id for view in newest.items]
        waiting = Filters(status=ReviewStatus.PENDING)
        inbox, by_id = list[float](), list[float]()
        for number in range(LOOKS):
            async with db.reading(who.workspace_id, who.user_id) as connection:
                began = time.perf_counter()
                await review_views.browse(connection, pages.Wanted(), waiting)
                listed = time.perf_counter()
                await workflow_views.find(connection, ids[number % len(ids)])
                found = time.perf_counter()
            inbox.append((listed - began) * 1000)
            by_id.append((found - listed) * 1000)
        return statistics.median(inbox), statistics.median(by_id)
    finally:
        await db.dispose()


if __name__ == "__main__":
    run(Console(highlight=False), quick="--quick" in sys.argv)
