"""How often somebody may ask. Counted in this process's memory: each API process has its own count."""

import hashlib
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from core.errors import RateLimitExceeded

FAILURES_PER_USER: Final = RateLimitItemPerMinute(20, 5, namespace="sign-in-user")
FAILURES_PER_ADDRESS: Final = RateLimitItemPerMinute(100, 5, namespace="sign-in-address")


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


class Limits:
    def __init__(self, requests_per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests_per_minute, namespace="requests")

    def request(self, who: str) -> tuple[bool, Allowance]:
        """Count one request of a credential or an address."""
        allowed = self._limiter.hit(self._requests, who)
        return allowed, self._allowance(self._requests, who)

    def check_sign_in(self, name: str, address: str) -> None:
        """Raises TooManySignIns after too many failures for this user or from this address."""
        for item, who in ((FAILURES_PER_USER, digest(name)), (FAILURES_PER_ADDRESS, address)):
            if not self._limiter.test(item, who):
                wait = self._allowance(item, who).reset_seconds
                raise TooManySignIns(
                    "There were too many failed sign-ins.", remedy="Wait, then try again.", retry_after=wait
                )

    def sign_in_failed(self, name: str, address: str) -> None:
        self._limiter.hit(FAILURES_PER_USER, digest(name))
        self._limiter.hit(FAILURES_PER_ADDRESS, address)

    def _allowance(self, item: RateLimitItem, who: str) -> Allowance:
        stats = self._limiter.get_window_stats(item, who)
        return Allowance(item.amount, stats.remaining, max(1, round(stats.reset_time - time.time())))


def digest(text: str) -> str:
    """Keeps secrets and names out of the table of counts."""
    return hashlib.sha256(text.encode()).hexdigest()
