"""When the database is not there for us: nothing is wrong with what was asked, and the same may be asked again."""

from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_CLASSES: Final = frozenset(
    {
        "08",  # the connection is gone
        "40",  # rolled back for somebody else: serialization, deadlock
        "53",  # out of something: disk, memory, connections
        "57",  # somebody intervened: shut down, starting up, cancelled
        "58",  # the system below it fails
    }
)
_STATES: Final = frozenset(
    {
        "25006",  # read only: a fail-over is going on
        "55P03",  # a lock was not to be had in time
    }
)


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code, None where it did not come to an answer."""
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state


def is_outage(error: BaseException) -> bool:
    match error:
        case PoolTimeout():
            return True
        case DBAPIError():
            state = sqlstate(error)
            if state is None:
                return isinstance(error, OperationalError | InterfaceError)
            return state[:2] in _CLASSES or state in _STATES
        case _:
            return False
