"""Contestants who take turns, so that a noisy neighbour slows all of them: what counts is each round's ratio."""

import statistics
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import psutil
import psycopg

from bench.child import Child, Run
from bench.driver import Load
from bench.floor import Bare
from bench.process import cpu_seconds
from bench.service import Service

WARM_UP = 2
"""Cycles of each caller before it counts."""


@dataclass(frozen=True, slots=True)
class Round:
    """CPU seconds by part; `driver` is the process of the callers, which for the floor does all the work."""

    run: Run
    cpu: Mapping[str, float]
    others: float
    """Cores that other programs kept busy meanwhile."""

    @property
    def rate(self) -> float:
        return self.run.cycles / self.run.seconds


@dataclass(frozen=True, slots=True)
class Series:
    """All rounds of one contestant with so many callers."""

    name: str
    callers: int
    rounds: Sequence[Round]

    @property
    def rate(self) -> float:
        """Cycles per second, the median of the rounds."""
        return statistics.median(each.rate for each in self.rounds)

    def against(self, other: "Series") -> float:
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)

    def review_ms(self, percent: int) -> float:
        """From start to the review that is visible to the caller."""
        return _percentile([s for each in self.rounds for s in each.run.review_seconds], percent)

    def published_ms(self, percent: int) -> float:
        """From the decision until the caller knows that it is out."""
        return _percentile([s for each in self.rounds for s in each.run.published_seconds], percent)

    def has(self, part: str) -> bool:
        return part in self.rounds[0].cpu

    def cpu_ms(self, *parts: str) -> float:
        """Of a cycle, in these parts together."""
        spent = sum(each.cpu.get(part, 0) for each in self.rounds for part in parts)
        return spent * 1000 / sum(each.run.cycles for each in self.rounds)


class Meter:
    """From its making: CPU by part, and what the rest of the machine took."""

    def __init__(self, parts: Callable[[], Mapping[str, float]]) -> None:
        self._parts = parts
        self._began, self._busy, self._before = time.perf_counter(), _busy_seconds(), parts()

    def read(self, run: Run) -> Round:
        seconds, busy, after = time.perf_counter() - self._began, _busy_seconds(), self._parts()
        cpu = {part: after[part] - self._before[part] for part in after} | {"driver": run.cpu_seconds}
        return Round(run, cpu, max(busy - self._busy - sum(cpu.values()), 0) / seconds)


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    round: Callable[[int, int], Round]
    """Of so many callers and so many cycles for each of them."""


def in_turns(contestants: Sequence[Contestant], callers: int, cycles: int, rounds: int) -> list[Series]:
    """`cycles` a round, of all callers together."""
    found: list[list[Round]] = [[] for _ in contestants]
    for _ in range(rounds):
        for contestant, of_it in zip(contestants, found, strict=True):
            of_it.append(contestant.round(callers, max(cycles // callers, 1)))
    return [Series(each.name, callers, of_it) for each, of_it in zip(contestants, found, strict=True)]


class Callers:
    """Who calls a service."""

    def __init__(self, service: Service, process: Child[Load, Run]) -> None:
        self.service = service
        self._process = process

    def warm_up(self, callers: int, each: int) -> Callable[[], Run]:
        service = self.service
        forget_posts(service)
        accounts = service.owner.accounts["x"]
        load = Load(tuple(service.base_urls), service.owner.api_key, accounts, callers, each, WARM_UP)
        return self._process.warm_up(load)


def forget_posts(service: Service) -> None:
    # The simulators look through all that they have at each post, which no platform does.
    urllib.request.urlopen(f"{service.simulator_url}/_control/reset", b"{}").close()
    # X takes 100 posts in 15 minutes from an account; a round of its own begins with none.
    with psycopg.connect(service.superuser_url, autocommit=True) as connection:
        connection.execute("DELETE FROM rate_limits")


def ours(name: str, callers_of: Callers) -> Contestant:
    service = callers_of.service

    def one(callers: int, each: int) -> Round:
        begin = callers_of.warm_up(callers, each)
        meter = Meter(service.cpu_seconds)
        return meter.read(begin())

    return Contestant(name, one)


def bare(
    name: str,
    process: Child[Bare, Run],
    conninfo: str,
    durability: Literal["sync", "exit"],
    postgres_pid: int,
) -> Contestant:
    def one(callers: int, each: int) -> Round:
        begin = process.warm_up(Bare(conninfo, callers, each, durability, WARM_UP))
        meter = Meter(lambda: {"postgres": cpu_seconds(postgres_pid)})
        return meter.read(begin())

    return Contestant(name, one)


def _busy_seconds() -> float:
    """Of all cores since the machine was started; what a hypervisor gave to others is not among it."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def _percentile(values: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] * 1000
