"""What goes wrong: processes are killed and started again, connections cut, and platforms misbehave."""

import os
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import orjson
import psycopg

from bench.chaos.author import PLATFORMS
from bench.chaos.journal import Journal
from bench.chaos.recovery import Recovery
from bench.process import Process
from bench.service import Service

BLOWS = {"worker": 8, "api": 3, "postgres": 3, "connections": 4, "simulators": 2}
"""What is struck, with how much weight."""
DOWN_SECONDS = 1.5
"""At most, before what was killed is started again."""
PLATFORM_FAULTS = {
    "lost_answer": 8,
    "bad_gateway": 3,
    "cut": 3,
    "server_error": 3,
    "rate_limited": 2,
    "slow": 1,
    "late": 1,
    "payment_required": 1,
}
PLATFORM_STEPS = {"publish": 12, "draft": 1, "read": 1, None: 1}
DEFERS = {"server_error", "rate_limited"}
HURRY_SECONDS = 10
SLOW_SECONDS = (2.0, 9.0)
"""Around the deadline of a call, 8 s."""
_HURRY = """
UPDATE platform_states p SET due_at = now() FROM publishing_jobs j
WHERE j.thread_id = p.id AND j.status = 'queued' AND p.lease_until IS NULL
    AND p.due_at > now() + make_interval(secs => %s)
"""
_CUT = """
SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE usename = 'proofroom' ORDER BY random() LIMIT %s
) AS few
"""


@dataclass
class Storm:
    """Call `step` often. Until `end`, processes start with the fault points of their environment.

    A blow falls only into work: after one, the callers must have got somewhere before the next. So a slow machine has
    as many in a workflow as a quick one.
    """

    service: Service
    recovery: Recovery
    journal: Journal
    dice: Random
    kill_seconds: float
    """Between two blows, on average."""
    blow_events: int
    """Acknowledged to callers between two blows, at least."""
    fault_seconds: float
    """Between two faults of a platform."""
    struck: Counter[str] = field(default_factory=Counter)
    """SIGKILLs by what they hit, those that a process gave itself at a fault point as `worker at …`."""
    cuts: int = 0
    platform_faults: int = 0
    calm: bool = False
    _due: dict[str, float] = field(default_factory=dict)
    """When what is dead is started again."""
    _next_blow: float = 0
    _next_event: int = 0
    _next_fault: float = 0
    _next_hurry: float = 0

    @property
    def kills(self) -> int:
        return self.struck.total()

    def step(self) -> None:
        now = time.monotonic()
        self._revive(now)
        if self.calm:
            self._hurry(now)
            return
        due = now >= self._next_blow and len(self.journal.events) >= self._next_event
        if due and self._strike(self.dice.choices(*zip(*BLOWS.items(), strict=True))[0]):
            self._next_blow = now + self.kill_seconds * self.dice.uniform(0.3, 1.7)
            self._next_event = len(self.journal.events) + self.blow_events
        if now >= self._next_fault:
            self._next_fault = now + self.fault_seconds * self.dice.uniform(0.3, 1.7)
            self._disturb_platform()

    def end(self) -> None:
        """What dies from now on starts again without faults, and platforms forget theirs."""
        self.calm = True
        for process in (*self.service.apis, *self.service.workers):
            process.env = {name: value for name, value in process.env.items() if name != "PROOFROOM_FAULTS"}
        self.service.simulators.restart()

    def _hurry(self, now: float) -> None:
        """The platforms are well again: nobody waits for the half hour after which one that was not is tried again."""
        if now < self._next_hurry:
            return
        self._next_hurry = now + HURRY_SECONDS
        try:
            with psycopg.connect(self.service.superuser_url) as connection:
                connection.execute(_HURRY, [HURRY_SECONDS])
        except psycopg.OperationalError:  # it is not back yet
            return

    def _strike(self, target: str) -> bool:
        """False: there is nobody to strike just now."""
        service = self.service
        match target:
            case "connections":
                return self._cut_connections()
            case "postgres" if service.cluster.poll() is None:
                os.kill(service.cluster.pid, signal.SIGKILL)
                self._dead("postgres", "postgres")
            case "simulators" if service.simulators.alive:
                self._kill(service.simulators, target)
            case "worker" if len(ready := _ready(service.workers, b"worker.started")) > 1:
                self._kill(self.dice.choice(ready), target)  # another is there to take over
            case "api" if ready := _ready(service.apis, b"startup complete"):
                self._kill(self.dice.choice(ready), target)
            case _:
                return False
        return True

    def _kill(self, process: Process, what: str) -> None:
        process.kill()
        self._dead(process.name, what)
        if what == "worker":
            self.recovery.died(process.pid)

    def _dead(self, name: str, what: str) -> None:
        self.struck[what] += 1
        self._due[name] = time.monotonic() + self.dice.uniform(0, DOWN_SECONDS)

    def _revive(self, now: float) -> None:
        for process in (*self.service.workers, *self.service.apis, self.service.simulators):
            if process.alive:
                continue
            if process.name not in self._due:
                what = "worker" if process in self.service.workers else "api"
                self._dead(process.name, f"{what} at {_fault_point(process)}")
                if what == "worker":
                    self.recovery.died(process.pid)
            elif now >= self._due[process.name]:
                del self._due[process.name]
                process.start()
        if self._due.get("postgres", now) < now:
            del self._due["postgres"]
            self.service.restart_postgres()

    def _cut_connections(self) -> bool:
        try:
            with psycopg.connect(self.service.superuser_url) as connection:
                row = connection.execute(_CUT, [self.dice.randint(1, 6)]).fetchone()
        except psycopg.OperationalError:  # it is down already
            return False
        self.cuts += row[0] if row else 0
        return True

    def _disturb_platform(self) -> None:
        platform = self.dice.choice(PLATFORMS)
        kind = self.dice.choices(*zip(*PLATFORM_FAULTS.items(), strict=True))[0]
        step = self.dice.choices(*zip(*PLATFORM_STEPS.items(), strict=True))[0]
        if platform == "email" and kind in DEFERS:
            step = "draft"  # said of one reader, that one's next try is a minute later, and nobody waits for the end
        seconds = self.dice.uniform(*SLOW_SECONDS)
        fault = {"platform": platform, "kind": kind, "step": step, "seconds": seconds}
        request = urllib.request.Request(
            f"{self.service.simulator_url}/_control/faults", orjson.dumps(fault), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=2):
                self.platform_faults += 1
        except OSError:  # they are down already
            return


def _ready(processes: Sequence[Process], words: bytes) -> list[Process]:
    return [each for each in processes if each.alive and words in each.said()]


def _fault_point(process: Process) -> str:
    """By its last words; `nowhere` where it did not kill itself but died."""
    told = [line for line in process.said().splitlines() if b'"event":"faults.killed"' in line]
    return str(orjson.loads(told[-1])["point"]) if told else "nowhere"
