"""`make bench-peers`: what LangGraph's SDK gets from us and from others who speak its protocol, in turns in one run."""

import json
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bench import disk
from bench.child import Child, Run, child
from bench.machine import described
from bench.peers.callers import Load, Race, Raced, drive, race
from bench.peers.servers import AEGRA, Peer, aegra_server, development_server, ours
from bench.rounds import WARM_UP, Contestant, Meter, Round, Series, in_turns
from bench.service import running

RESULT: Final = Path("build/peers.json")
WIDTH: Final = 132
ACCOUNTS: Final = 8
MANY: Final = 16
CYCLES: Final = {1: 10, MANY: 128}
"""Of a round, by the number of callers."""
ROUNDS: Final = 3
WARM_UP_CYCLES: Final = 96
RACES: Final = 20
_OUTSIDE: Final = {"driver", "simulators"}
"""Whose CPU is not the server's."""

_LEGEND = """\
interrupt: from the thread's making until its caller has the interrupt, p50 / p95 ms. published: from the resume until the thread
rests, the same. CPU: ms a cycle of the server's processes and PostgreSQL; callers and simulators are not in it."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A few cycles: to see whether it runs.")] = False,
    flush_ms: Annotated[
        float, typer.Option(help="Milliseconds that each flush of PostgreSQL's log takes longer.")
    ] = 0,
) -> None:
    """Measure; the figures go to build/peers.json."""
    console = Console(highlight=False, width=WIDTH)
    figures: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": described(),
        "quick": quick,
        "longer_flush_ms": flush_ms,
    }
    with (
        child(drive, "uvloop") as driver,
        child(race, "uvloop") as racers,
        running(accounts_each=ACCOUNTS, journal=False) as service,
        disk.slower(service.superuser_url, flush_ms),
        ExitStack() as stack,
    ):
        peers = [ours(service)]
        for start in (aegra_server, development_server):
            try:
                peers.append(stack.enter_context(start(service)))
            except (TimeoutError, OSError, subprocess.SubprocessError) as error:
                console.print(f"Absent: {error}")
        contestants = [_contestant(peer, driver) for peer in peers]
        in_turns(contestants, MANY, WARM_UP_CYCLES, 1)  # pools, plans and caches
        turns = [
            in_turns(contestants, callers, cycles // 4 if quick else cycles, 1 if quick else ROUNDS)
            for callers, cycles in CYCLES.items()
        ]
        console.print(_table(turns))
        figures |= {peer.name: {"version": peer.version} for peer in peers}
        for series in (each for turn in turns for each in turn):
            figures[series.name][f"callers_{series.callers}"] = _figures(series)
        for peer in peers:
            figures[peer.name]["race"] = _race(console, peer, racers)
        figures["other_programs_cores"] = round(
            max(each.others for turn in turns for series in turn for each in series.rounds), 2
        )
    console.print(f"Other programs kept up to {figures['other_programs_cores']} cores busy in a round.")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures, indent=2) + "\n")


def _contestant(peer: Peer, driver: Child[Load, Run]) -> Contestant:
    def one(callers: int, each: int) -> Round:
        peer.renew()
        begin = driver.warm_up(Load(peer.server, callers, each, WARM_UP))
        meter = Meter(peer.parts)
        return meter.read(begin())

    return Contestant(peer.name, one)


def _table(turns: Sequence[Sequence[Series]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption=_LEGEND, caption_justify="left")
    table.add_column(no_wrap=True)
    for heading in ("callers", "cycles/s", f"× {AEGRA}", "interrupt", "published", "CPU", "parts"):
        table.add_column(heading, justify="right")
    for turn in turns:
        against = next((each for each in turn if each.name == AEGRA), None)
        for each in turn:
            table.add_row(
                each.name,
                str(each.callers),
                f"{each.rate:.1f}",
                f"{each.against(against):.2f}" if against else "",
                f"{each.review_ms(50):.0f} / {each.review_ms(95):.0f}",
                f"{each.published_ms(50):.0f} / {each.published_ms(95):.0f}",
                f"{each.cpu_ms(*_parts(each)):.1f}",
                ", ".join(f"{part} {each.cpu_ms(part):.1f}" for part in each.rounds[0].cpu),
            )
        table.add_section()
    return table


def _figures(series: Series) -> dict[str, float]:
    figures = {
        "cycles_s": series.rate,
        "interrupt_p50_ms": series.review_ms(50),
        "interrupt_p95_ms": series.review_ms(95),
        "published_p50_ms": series.published_ms(50),
        "published_p95_ms": series.published_ms(95),
        "cpu_ms_per_cycle": series.cpu_ms(*_parts(series)),
    }
    return {name: round(value, 2) for name, value in figures.items()}


def _parts(series: Series) -> list[str]:
    return [part for part in series.rounds[0].cpu if part not in _OUTSIDE]


def _race(console: Console, peer: Peer, racers: Child[Race, list[Raced]]) -> dict[str, Any]:
    """How many threads went out twice, and what the callers were told."""
    peer.renew()
    raced = racers.warm_up(Race(peer.server, RACES))()
    texts = peer.published()
    times = [sum(each.mark in text for text in texts) for each in raced]
    twice, never = sum(count > 1 for count in times), sum(count == 0 for count in times)
    told = Counter(f"{each.told[0] or 'success'} | {each.told[1] or 'success'}" for each in raced)
    left = Counter(each.status for each in raced)
    console.print(
        f"{peer.name}, two resumes at once on each of {RACES} threads: {twice} published twice, {never} never;"
        f" in the end {', '.join(f'{number} {status}' for status, number in left.items())}"
    )
    for words, number in told.most_common():
        console.print(f"  {number} times: {words}", soft_wrap=True)
    return {
        "threads": RACES,
        "published_twice": twice,
        "never": never,
        "told": dict(told),
        "status": dict(left),
    }


if __name__ == "__main__":
    typer.run(main)
