"""What goes wrong: processes are killed and started again, connections cut, and platforms misbehave."""

import os
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import orjson
import psycopg

from bench.chaos.recovery import Recovery
from bench.process import Process
from bench.service import Service

BLOWS = {"worker": 10, "api": 4, "postgres": 2, "connections": 4, "simulators": 1}
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
SLOW_SECONDS = (2.0, 9.0)
"""Around the deadline of a call, 8 s."""
_CUT = """
SELECT count(pg_terminate_backend(pid)) FROM (
    SELECT pid FROM pg_stat_activity WHERE usename = 'proofroom' ORDER BY random() LIMIT %s
) AS few
"""


@dataclass
class Storm:
    """`faults` are each worker's own and `api_faults` each API's, as PROOFROOM_FAULTS has them. Call `step` often."""

    service: Service
    recovery: Recovery
    dice: Random
    kill_seconds: float
    """Between two blows, on average."""
    fault_seconds: float
    """Between two faults of a platform."""
    faults: Mapping[str, str]
    """PROOFROOM_FAULTS by what a process is: worker or api."""
    struck: Counter[str] = field(default_factory=Counter)
    """SIGKILLs by what they hit, those that a process gave itself at a fault point as `worker at …`."""
    cuts: int = 0
    platform_faults: int = 0
    calm: bool = False
    _due: dict[str, float] = field(default_factory=dict)
    """When what is dead is started again."""
    _next_blow: float = 0
    _next_fault: float = 0

    @property
    def kills(self) -> int:
        return self.struck.total()

    def arm(self) -> None:
        """Let those that run already run with faults."""
        for process in (*self.service.apis, *self.service.workers):
            process.kill()
            self._start(process)

    def step(self) -> None:
        now = time.monotonic()
        self._revive(now)
        if self.calm:
            return
        if now >= self._next_blow:
            self._next_blow = now + self.kill_seconds * self.dice.uniform(0.3, 1.7)
            self._strike(self.dice.choices(*zip(*BLOWS.items(), strict=True))[0])
        if now >= self._next_fault:
            self._next_fault = now + self.fault_seconds * self.dice.uniform(0.3, 1.7)
            self._disturb_platform()

    def end(self) -> None:
        """What dies from now on starts again without faults, and platforms forget theirs."""
        self.calm = True
        self.service.simulators.restart()

    def _strike(self, target: str) -> None:
        match target:
            case "connections":
                self._cut_connections()
            case "postgres":
                if self.service.cluster.poll() is None:
                    os.kill(self.service.cluster.pid, signal.SIGKILL)
                    self._dead("postgres", "postgres")
            case "simulators":
                self._kill(self.service.simulators, target)
            case "worker":
                self._kill(self.dice.choice(self.service.workers), target)
            case _:
                self._kill(self.dice.choice(self.service.apis), target)

    def _kill(self, process: Process, what: str) -> None:
        if process.alive:
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
                self._start(process)
        if self._due.get("postgres", now) < now:
            del self._due["postgres"]
            self.service.restart_postgres()

    def _start(self, process: Process) -> None:
        faults = "" if self.calm else self.faults.get(process.name.partition("-")[0], "")
        seed = str(self.dice.getrandbits(32))
        process.env = {**process.env, "PROOFROOM_FAULTS": faults, "PROOFROOM_FAULT_SEED": seed}
        process.start()

    def _cut_connections(self) -> None:
        try:
            with psycopg.connect(self.service.superuser_url) as connection:
                row = connection.execute(_CUT, [self.dice.randint(1, 6)]).fetchone()
        except psycopg.OperationalError:  # it is down already
            return
        self.cuts += row[0] if row else 0

    def _disturb_platform(self) -> None:
        fault = {
            "platform": self.dice.choice(("linkedin", "x", "blog")),
            "kind": self.dice.choices(*zip(*PLATFORM_FAULTS.items(), strict=True))[0],
            "step": self.dice.choice(("publish", "publish", "publish", "read", None)),
            "seconds": self.dice.uniform(*SLOW_SECONDS),
        }
        request = urllib.request.Request(
            f"{self.service.simulator_url}/_control/faults", orjson.dumps(fault), method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=2):
                self.platform_faults += 1
        except OSError:  # they are down already
            return


def _fault_point(process: Process) -> str:
    """Its last words, where it killed itself."""
    last = process.log.read_bytes().rsplit(b'"event":"faults.killed"', 1)
    return last[-1].partition(b'"point":"')[2].partition(b'"')[0].decode() if len(last) > 1 else "nowhere"
