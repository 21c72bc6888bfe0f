"""How often somebody may ask. Counted in this process's memory: each API process has its own count."""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from core.errors import RateLimitExceeded

OF_THE_OPERATOR: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines that watch over the service, and never too often."""
FAILURES_PER_USER: Final = 20
FAILURES_PER_ADDRESS: Final = 100
FAILURE_SECONDS: Final = 300
LARGEST_COUNT: Final = 100_000
"""Of those who are told apart in one window; whoever comes after shares a count with all others who do, so that made-up
tokens do not fill the memory. About 20 MB."""
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Allowance:
    limit: int
    remaining: int
    reset_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class TooManySignIns(RateLimitExceeded):
    title = "Too many failed sign-ins"


class Window:
    """So many of everybody in so many seconds; then all counts begin anew, so that nobody's is kept for ever."""

    def __init__(self, limit: int, seconds: int) -> None:
        self._limit = limit
        self._seconds = seconds
        self._counts: Counter[str] = Counter()
        self._ends = 0.0

    def hit(self, who: str) -> tuple[bool, Allowance]:
        """Count one more; whether it is still allowed."""
        counts, left = self._current()
        if who not in counts and len(counts) >= LARGEST_COUNT:
            who = ""
        counts[who] += 1
        return counts[who] <= self._limit, self._allowance(counts[who], left)

    def forgive(self, who: str) -> None:
        """Count one less, if it was counted in this window."""
        counts, _ = self._current()
        counted = who if who in counts else ""
        counts[counted] = max(counts[counted] - 1, 0)

    def full(self, who: str) -> Allowance | None:
        """The allowance that is used up, None while one more would be allowed."""
        counts, left = self._current()
        return self._allowance(counts[who], left) if counts[who] >= self._limit else None

    def _current(self) -> tuple[Counter[str], float]:
        now = time.monotonic()
        if now >= self._ends:
            self._counts, self._ends = Counter(), now + self._seconds
        return self._counts, self._ends - now

    def _allowance(self, count: int, seconds_left: float) -> Allowance:
        return Allowance(self._limit, max(self._limit - count, 0), math.ceil(seconds_left))


class Limits:
    def __init__(self, requests_per_minute: int) -> None:
        self._requests = Window(requests_per_minute, _MINUTE)
        self._users = Window(FAILURES_PER_USER, FAILURE_SECONDS)
        self._addresses = Window(FAILURES_PER_ADDRESS, FAILURE_SECONDS)

    def request(self, who: str) -> tuple[bool, Allowance]:
        """Count one request of a credential or an address."""
        return self._requests.hit(who)

    @contextmanager
    def guess(self, name: str, address: str, wrong: type[Exception]) -> Iterator[None]:
        """Around a look at somebody's password, which raises `wrong`. A guess counts before it is known to have failed: many
        at once are no more than many in a row. Raises TooManySignIns."""
        user = digest(name)
        spent = self._users.full(user) or self._addresses.full(address)
        if spent is not None:
            raise TooManySignIns(
                "There were too many failed sign-ins.",
                remedy="Wait, then try again.",
                retry_after=spent.reset_seconds,
            )
        self._users.hit(user)
        self._addresses.hit(address)
        try:
            yield
        except wrong:
            raise
        except BaseException:
            self._forgive(user, address)
            raise
        self._forgive(user, address)

    def _forgive(self, user: str, address: str) -> None:
        self._users.forgive(user)
        self._addresses.forgive(address)


def digest(text: str) -> str:
    """Keeps secrets and names out of the table of counts."""
    return hashlib.sha256(text.encode()).hexdigest()
