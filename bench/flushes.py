"""The same cycles where a commit waits longer for the disk, as on most machines that keep what they promised."""

import statistics
from dataclasses import dataclass

from rich.console import Console

from bench import disk, floor
from bench.child import child
from bench.cycles import ACCOUNTS, MANY, table
from bench.driver import drive
from bench.rounds import Callers, Contestant, Series, bare, in_turns, ours
from bench.service import running


@dataclass(frozen=True, slots=True)
class Effort:
    """`longer`: milliseconds that are added to a flush; `cycles` of a round, by the number of callers."""

    longer: tuple[float, ...]
    rounds: int
    cycles: dict[int, int]


FULL = Effort(longer=(0.5, 1.0, 2.0), rounds=3, cycles={1: 30, MANY: 160})
QUICK = Effort(longer=(1.0,), rounds=1, cycles={1: 20, MANY: 96})


def run(console: Console, *, quick: bool) -> dict[str, float]:
    effort = QUICK if quick else FULL
    with (
        child(floor.run, "asyncio") as stock,
        child(drive, "uvloop") as driver,
        running(accounts_each=ACCOUNTS, journal=False) as service,
    ):
        own = statistics.median(disk.flush_ms(service.folder) for _ in range(3))
        console.print(
            f"This disk flushes in {own:.2f} ms; with more time for each flush of PostgreSQL's log:"
        )
        there, postgres = floor.prepare(service.database_url), service.cluster.pid
        contestants = [
            bare("bare LangGraph", stock, there, "sync", postgres),
            ours("Proofroom", Callers(service, driver)),
        ]
        figures = {"flush_ms": own}
        for longer in effort.longer:
            with disk.slower(service.superuser_url, longer):
                figures |= _at(console, longer, contestants, effort)
    return figures


def _at(console: Console, longer: float, contestants: list[Contestant], effort: Effort) -> dict[str, float]:
    turns = [in_turns(contestants, number, cycles, effort.rounds) for number, cycles in effort.cycles.items()]
    console.print(f"{longer} ms longer")
    console.print(table(*turns))
    figures = dict[str, float]()
    for base, mine in turns:
        figures |= _named(f"c{mine.callers}_flush_{longer}ms", base, mine)
    return figures


def _named(suffix: str, base: Series, mine: Series) -> dict[str, float]:
    return {
        f"ratio_{suffix}": mine.against(base),
        f"cycles_s_{suffix}": mine.rate,
        f"floor_cycles_s_{suffix}": base.rate,
    }
