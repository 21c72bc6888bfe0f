"""How long a killed worker's threads stand still."""

import time
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

_HELD = "SELECT id, epoch FROM platform_states WHERE held_by LIKE %s AND lease_until IS NOT NULL"
_MOVED = """
SELECT p.id, p.epoch, p.status
FROM unnest(%s::uuid[], %s::float8[]) AS killed(id, at) JOIN platform_states p ON p.id = killed.id
WHERE p.lease_until IS NULL AND NOT EXISTS (
    SELECT FROM publishing_jobs j
    WHERE j.thread_id = p.id AND j.status = 'publishing' AND j.platform <> 'email' AND NOT EXISTS (
        SELECT FROM publishing_attempts a
        WHERE a.publishing_job_id = j.id AND a.started_at > to_timestamp(killed.at)
            AND a.evidence ->> 'proves' IS DISTINCT FROM 'false'))
"""


@dataclass(frozen=True, slots=True)
class Sample:
    thread_id: str
    seconds: float
    """From the kill that hit its worker, or from the last one, where its next worker was killed as well."""
    through: float
    """From the first."""


@dataclass
class _Waiting:
    epoch: int
    since: float
    """Unix time, as the database knows it, too."""
    first: float


@dataclass
class Recovery:
    """A thread has moved on when another worker has taken it to its next pause, or its end; where its post was under
    way, when its platform has been asked for it. To wait for the time when asking proves something does not count."""

    url: str
    samples: list[Sample] = field(default_factory=list)
    _waiting: dict[UUID, _Waiting] = field(default_factory=dict)
    _unasked: dict[int, float] = field(default_factory=dict)
    """Killed while the database was away: process id and when."""

    def died(self, pid: int) -> None:
        self._unasked[pid] = time.time()

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
        now = time.time()
        killed = [list(self._waiting), [each.since for each in self._waiting.values()]]
        for thread_id, epoch, status in connection.execute(_MOVED, killed):
            waiting = self._waiting.pop(thread_id)
            # Not counted: what the dead worker's last commit moved after all, and what a person cancelled.
            if epoch != waiting.epoch and status != "cancelled":
                self.samples.append(Sample(str(thread_id), now - waiting.since, now - waiting.first))
