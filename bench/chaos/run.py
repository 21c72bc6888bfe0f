"""One run: a service, its callers, the storm, the calm after it, and what is found then."""

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Self, get_args

from bench.chaos import findings, ledger
from bench.chaos.driver import Driver
from bench.chaos.findings import Kind, Violation
from bench.chaos.journal import Cancelled, Decided, Journal, Started
from bench.chaos.recovery import Recovery, Sample
from bench.chaos.storm import Storm
from bench.service import Service, running

STEP_SECONDS = 0.1
PROGRESS_SECONDS = 15.0
SLOWEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """At least so many workflows and kills, within `storm_seconds`; `calm_seconds` is how long all may take to come to
    rest afterwards."""

    seed: int
    workflows: int
    kills: int
    callers: int
    workers: int
    apis: int
    kill_seconds: float
    blow_events: int
    fault_seconds: float
    worker_faults: str
    api_faults: str
    storm_seconds: float
    calm_seconds: float
    worker_env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    figures: dict[str, float]
    violations: list[Violation]
    struck: Counter[str]
    errors: Counter[str]
    """What the service's processes logged as errors, by event."""
    slowest: list[Sample]
    """To move on after a kill."""


def run(plan: Plan, folder: Path | None = None) -> Report:
    """Call it from the main thread. `folder` is kept; journal and logs are in it."""
    # Posts that were missed would leave a minute apart, and nobody would wait for the end.
    worker_env = {"PROOFROOM_CATCH_UP_GAP_SECONDS": "1", "PROOFROOM_FAULTS": plan.worker_faults}
    began = time.monotonic()
    with running(
        apis=0,
        workers=0,
        null_agents=False,
        api_env={"PROOFROOM_FAULTS": plan.api_faults},
        worker_env={**worker_env, **plan.worker_env},
        folder=folder,
    ) as service:
        # Not waited for: they may kill themselves before they are ready.
        for _ in range(plan.apis):
            service.add_api()
        for _ in range(plan.workers):
            service.add_worker()
        weather = _Weather.over(service, plan, began)
        stormed = weather.pass_over()
        return weather.report(stormed - began)


@dataclass
class _Weather:
    """A storm, the calm after it, and those who work in it."""

    plan: Plan
    service: Service
    journal: Journal
    recovery: Recovery
    storm: Storm
    driver: Driver
    began: float
    _next_word: float = 0

    @classmethod
    def over(cls, service: Service, plan: Plan, began: float) -> Self:
        journal = Journal(service.folder / "journal.jsonl")
        recovery = Recovery(service.superuser_url)
        storm = Storm(
            service,
            recovery,
            journal,
            Random(plan.seed),
            plan.kill_seconds,
            plan.blow_events,
            plan.fault_seconds,
        )
        driver = Driver(
            service.base_urls, service.owner, service.simulator_url, journal, plan.seed, plan.callers
        )
        return cls(plan, service, journal, recovery, storm, driver, began)

    def pass_over(self) -> float:
        """When the storm was over."""
        plan, driver, storm = self.plan, self.driver, self.storm
        with driver.driving():
            deadline = time.monotonic() + plan.storm_seconds
            while driver.running and time.monotonic() < deadline:
                if driver.started >= plan.workflows and storm.kills >= plan.kills:
                    break
                self._step()
            stormed = time.monotonic()
            driver.enough()
            storm.end()
            deadline = stormed + plan.calm_seconds
            while (driver.running or self.recovery.open) and time.monotonic() < deadline:
                self._step()
        return stormed

    def report(self, storm_seconds: float) -> Report:
        found = ledger.read(self.service.superuser_url, self.service.simulator_url)
        violations = findings.find(self.journal, found)
        violations += [
            Violation("stuck", str(each), "its worker was killed, and nobody took it up")
            for each in self.recovery.open
        ]
        samples = self.recovery.samples
        figures = {
            "seed": self.plan.seed,
            "workflows": len(self.journal.all(Started)),
            "decisions": len(self.journal.all(Decided)),
            "cancels": len(self.journal.all(Cancelled)),
            "kills": self.storm.kills,
            "cut_connections": self.storm.cuts,
            "platform_faults": self.storm.platform_faults,
            "repeated_requests": self.driver.retried,
            **found.checked,
            **{kind: sum(each.kind == kind for each in violations) for kind in get_args(Kind)},
            "unknown": found.unknown,
            **_spread("recovery", [each.seconds for each in samples]),
            **_spread("recovery_through", [each.through for each in samples]),
            "storm_s": round(storm_seconds, 1),
            "seconds": round(time.monotonic() - self.began, 1),
        }
        slowest = sorted(samples, key=lambda each: -each.seconds)[:SLOWEST]
        return Report(figures, violations, self.storm.struck, _errors(self.service), slowest)

    def _step(self) -> None:
        self.storm.step()
        self.recovery.look()
        self._tell()
        time.sleep(STEP_SECONDS)

    def _tell(self) -> None:
        """A line on standard error now and then."""
        passed = time.monotonic() - self.began
        if passed >= self._next_word:
            self._next_word = passed + PROGRESS_SECONDS
            phase = "calm" if self.storm.calm else "storm"
            ended = f"{self.driver.finished} of {self.driver.started} workflows ended"
            print(f"{passed:6.0f} s  {phase}  {ended}, {self.storm.kills} kills", file=sys.stderr, flush=True)


def _spread(name: str, seconds: list[float]) -> dict[str, float]:
    """p50, p95 and the most, in seconds; nothing where nothing was measured."""
    if len(seconds) < 2:
        return {f"{name}_{key}_s": round(each, 2) for each in seconds for key in ("p50", "p95", "max")}
    cuts = quantiles(seconds, n=20, method="inclusive")
    return {
        f"{name}_n": len(seconds),
        f"{name}_p50_s": round(cuts[9], 2),
        f"{name}_p95_s": round(cuts[18], 2),
        f"{name}_max_s": round(max(seconds), 2),
    }


def _errors(service: Service) -> Counter[str]:
    said: Counter[str] = Counter()
    for process in (*service.apis, *service.workers, service.simulators):
        for line in process.log.read_bytes().splitlines():
            if b'"level":"error"' in line:
                entry = json.loads(line)
                reason = entry.get("reason") or (entry.get("exception") or "").strip().rpartition("\n")[2]
                said[f"{process.name.partition('-')[0]}: {entry['event']} {reason}"[:200]] += 1
    return said
