"""Cycles through HTTP against bare LangGraph on the same PostgreSQL; what one asks of the server and leaves in it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from bench import floor, statements, storage
from bench.child import Child, Run, child
from bench.driver import drive
from bench.rounds import Callers, Series, bare, in_turns, ours
from bench.service import Service, running

ACCOUNTS = 8
MANY = 16
NOISY_CORES = 0.15
SERVED_BY = ("api", "worker", "postgres")
"""Whose CPU a cycle is said to cost."""

_LEGEND = """\
review: from start until its caller sees it, p50 / p95 ms. published: from the decision until its caller sees it, the same.
CPU: ms a cycle in api, worker and postgres together. Bare LangGraph has no server: its callers do the work."""


@dataclass(frozen=True, slots=True)
class Effort:
    """`cycles` of one round, by the number of callers."""

    rounds: int
    cycles: dict[int, int]
    counted: int


FULL = Effort(rounds=5, cycles={1: 40, MANY: 240}, counted=96)
QUICK = Effort(rounds=3, cycles={1: 20, MANY: 96}, counted=32)


def run(console: Console, *, quick: bool) -> dict[str, float]:
    effort = QUICK if quick else FULL
    with (
        child(floor.run, "asyncio") as stock,
        child(floor.run, "uvloop") as faster,
        child(drive, "uvloop") as driver,
        running(accounts_each=ACCOUNTS, journal=False) as service,
    ):
        console.print(f"Cycles: {effort.rounds} rounds in turns, PostgreSQL {service.cluster.version}")
        empty = storage.stored_bytes(service)
        callers = Callers(service, driver)
        figures = _speed(console, callers, stock, faster, effort)
        figures |= _asked(console, callers, effort)
        figures |= _stored(console, service, empty)
    return figures


def _speed(
    console: Console,
    callers: Callers,
    stock: Child[floor.Bare, Run],
    faster: Child[floor.Bare, Run],
    effort: Effort,
) -> dict[str, float]:
    service = callers.service
    there, postgres = floor.prepare(service.database_url), service.cluster.pid
    sync = bare("bare LangGraph", stock, there, "sync", postgres)
    on_uvloop = bare("… on uvloop", faster, there, "sync", postgres)
    at_exit = bare("… durability exit", stock, there, "exit", postgres)
    one, many = (
        in_turns([sync, ours("Proofroom", callers), on_uvloop, at_exit], number, cycles, effort.rounds)
        for number, cycles in effort.cycles.items()
    )
    service.add_worker()
    service.await_ready()
    two = in_turns([sync, ours("… two workers", callers)], MANY, effort.cycles[MANY], effort.rounds)
    service.workers.pop().stop()
    console.print(table(one, many, two))
    others = statistics.median(
        r.others for turn in (one, many, two) for series in turn for r in series.rounds
    )
    if others > NOISY_CORES:
        console.print(
            f"Other programs kept {others:.1f} cores busy meanwhile: measure again when it is quiet."
        )
    single, busy, pair = one[1], many[1], two[1]
    return {
        "ratio_c1": single.against(one[0]),
        "ratio_c16": busy.against(many[0]),
        "ratio_c16_uvloop": busy.against(many[2]),
        "ratio_c16_two_workers": pair.against(two[0]),
        "cycles_s_c1": single.rate,
        "cycles_s_c16": busy.rate,
        "cycles_s_c16_two_workers": pair.rate,
        "floor_cycles_s_c1": one[0].rate,
        "floor_cycles_s_c16": many[0].rate,
        "floor_uvloop_cycles_s_c16": many[2].rate,
        "floor_exit_cycles_s_c16": many[3].rate,
        "start_visible_p50_ms": single.review_ms(50),
        "start_visible_p95_ms": single.review_ms(95),
        "decision_published_p50_ms": single.published_ms(50),
        "decision_published_p95_ms": single.published_ms(95),
        "other_programs_cores": others,
        "cpu_ms_per_cycle": busy.cpu_ms(*SERVED_BY),
    }


def table(*turns: Sequence[Series]) -> Table:
    """The first of each turn is what the others are compared with."""
    table = Table(box=box.SIMPLE_HEAD, caption=_LEGEND, caption_justify="left")
    table.add_column(no_wrap=True)
    parts = ("api", "worker", "postgres", "simulators", "driver")
    for heading in ("callers", "cycles/s", "ratio", "review", "published", "CPU", *parts):
        table.add_column(heading, justify="right")
    for series in turns:
        for each in series:
            table.add_row(each.name, *_cells(each, each.against(series[0])))
        table.add_section()
    return table


def _cells(series: Series, ratio: float) -> list[str]:
    review = f"{series.review_ms(50):.0f} / {series.review_ms(95):.0f}"
    published = f"{series.published_ms(50):.0f} / {series.published_ms(95):.0f}"
    parts = (*SERVED_BY, "simulators", "driver")
    cpu = [f"{series.cpu_ms(part):.1f}" if series.has(part) else "" for part in parts]
    whole = series.cpu_ms(*SERVED_BY) if series.has("api") else series.cpu_ms("driver", "postgres")
    return [
        str(series.callers),
        f"{series.rate:.1f}",
        f"{ratio:.2f}",
        review,
        published,
        f"{whole:.1f}",
        *cpu,
    ]


def _asked(console: Console, callers: Callers, effort: Effort) -> dict[str, float]:
    """The larger of both loads. Counted in rounds of their own, since to log every statement takes time."""
    service, counted = callers.service, dict[int, dict[str, float]]()
    for number in effort.cycles:
        with statements.logged(service.superuser_url):
            begin = callers.warm_up(number, max(effort.counted // number, 1))
            offset = service.cluster.log_file.stat().st_size
            written = statements.writes(service.superuser_url)
            cycles = begin().cycles
            asked = statements.read(service.cluster.log_file, offset)
            written = statements.writes(service.superuser_url) - written
        each, ended = len(asked.statements) / cycles, asked.transactions / cycles
        console.print(
            f"A cycle of {number} caller{'s' * (number > 1)}: {each:.1f} SQL statements in {ended:.1f} transactions,"
            f" {written / cycles:.1f} of which write"
        )
        counted[number] = {
            "statements_per_cycle": each,
            "transactions_per_cycle": ended,
            "commits_per_cycle": written / cycles,
        }
    return {name: max(each[name] for each in counted.values()) for name in counted[MANY]}


def _stored(console: Console, service: Service, empty: int) -> dict[str, float]:
    with psycopg.connect(service.superuser_url) as connection:
        row = connection.execute("SELECT count(*) FROM workflows").fetchone()
    assert row is not None
    full = storage.stored_bytes(service)
    storage.retain(service)
    kept = storage.stored_bytes(service)
    before, after = (full - empty) / row[0], (kept - empty) / row[0]
    console.print(f"Stored: {before / 1024:.1f} KiB a cycle, {after / 1024:.1f} KiB after retention")
    return {"bytes_per_cycle": before, "bytes_per_cycle_retained": after}
