"""How often the queue does what did not work."""

from procrastinate import JobContext, RetryStrategy

HOUR = 8
"""Tries in all, the last of them 55 minutes after the first."""
MINUTES = 5
"""Tries in all within two minutes: somebody is waiting, and may ask again."""


def tries(count: int) -> RetryStrategy:
    """So many in all, powers of 3 seconds apart; procrastinate counts those after the first."""
    return RetryStrategy(max_attempts=count - 1, exponential_wait=3)


def is_last(context: JobContext, count: int) -> bool:
    """The queue does not come back to this job, whatever becomes of it now."""
    return context.job.attempts >= count - 1
