"""How long a killed worker's threads stand still."""

import time
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

_HELD = "SELECT id, epoch FROM platform_states WHERE held_by LIKE %s AND lease_until IS NOT NULL"
_MOVED = """
SELECT p.id, p.epoch, p.lease_until IS NOT NULL AS held, p.status,
    EXISTS (SELECT FROM publishing_jobs j WHERE j.thread_id = p.id AND j.status = 'publishing') AS publishing
FROM platform_states p WHERE p.id = ANY(%s)
"""


@dataclass
class _Waiting:
    epoch: int
    since: float
    first: float


@dataclass
class Recovery:
    """A thread has moved on when another worker has taken it to its next pause, or its end: a call whose outcome is
    not known yet does not count. `seconds` from the last kill that hit it, `through` from the first."""

    url: str
    seconds: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)
    _waiting: dict[UUID, _Waiting] = field(default_factory=dict)
    _unasked: dict[int, float] = field(default_factory=dict)
    """Killed while the database was away: process id and when."""

    def died(self, pid: int) -> None:
        self._unasked[pid] = time.monotonic()

    def look(self) -> None:
        """Often: what it reports is only as fine as that."""
        if not self._unasked and not self._waiting:
            return
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                self._ask_held(connection)
                self._ask_moved(connection)
        except psycopg.OperationalError:  # it is down
            return

    @property
    def open(self) -> list[UUID]:
        """Threads that have not moved on yet."""
        return list(self._waiting)

    def _ask_held(self, connection: psycopg.Connection) -> None:
        for pid, since in list(self._unasked.items()):
            for thread_id, epoch in connection.execute(_HELD, [f"%:{pid}"]):
                before = self._waiting.get(thread_id)
                self._waiting[thread_id] = _Waiting(epoch, since, before.first if before else since)
            del self._unasked[pid]

    def _ask_moved(self, connection: psycopg.Connection) -> None:
        now = time.monotonic()
        for thread_id, epoch, held, status, publishing in connection.execute(_MOVED, [list(self._waiting)]):
            if held or publishing:
                continue
            waiting = self._waiting.pop(thread_id)
            # Not counted: what the dead worker's last commit moved after all, and what a person cancelled.
            if epoch != waiting.epoch and status != "cancelled":
                self.seconds.append(now - waiting.since)
                self.through.append(now - waiting.first)
