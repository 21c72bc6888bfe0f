"""How often the queue does what did not work."""

import asyncio

from procrastinate import JobContext, RetryDecision, RetryStrategy
from procrastinate.jobs import Job

HOUR = 8
"""Tries in all, the last of them 55 minutes after the first."""
MINUTES = 5
"""Tries in all within two minutes: somebody is waiting, and may ask again."""


class _Tries(RetryStrategy):
    """What is cut off because its worker ends is done again, after the last try too: it could not write down what became of
    it, and would be under way for ever."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        return super().get_retry_decision(exception=exception, job=job)


def tries(count: int) -> RetryStrategy:
    """So many in all, powers of 3 seconds apart; procrastinate counts those after the first."""
    return _Tries(max_attempts=count - 1, exponential_wait=3)


def is_last(context: JobContext, count: int) -> bool:
    """The queue does not come back to this job, whatever becomes of it now."""
    return context.job.attempts >= count - 1
