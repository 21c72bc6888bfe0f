"""What event streams have in common: how a piece is written, how often the database is asked, who is let go."""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

import orjson
import structlog
from pydantic import WithJsonSchema
from sqlalchemy.exc import SQLAlchemyError

from api.sse import encoded
from core.errors import FieldError, Invalid, ProofroomError
from core.principal import Principal
from services.events import Position

log = structlog.get_logger(__name__)

RECHECK_SECONDS: Final = 60
"""How long a revoked key or session may go on watching."""
RECONNECT_MILLISECONDS: Final = 500
"""After which a client comes back to whoever serves then, when this process ends."""
GOING_ON_ELSEWHERE: Final = f": going on elsewhere\r\nretry: {RECONNECT_MILLISECONDS}\r\n\r\n".encode()
SHORTEST_PAUSE: Final = 0.01
_FIRST_PAUSE: Final = 0.1
"""Before anything is notified: only what was written just before, beside an older transaction, is still to be found."""

Authenticate = Callable[[], Awaitable[Principal]]
EventId = Annotated[str | None, WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,19}-[0-9]{1,19}$"})]


class Pace:
    """When to look for events again.

    A look may come too early to see all that it was woken for, while an older transaction still runs: more looks
    follow, further and further apart.
    """

    def __init__(self, longest: float, idle: float) -> None:
        """Seconds between two looks: at most, while something is to come; and when nothing is known to be."""
        self._longest = longest
        self._idle = idle
        self._pause = _FIRST_PAUSE
        self._next = time.monotonic() + self._pause

    @property
    def left(self) -> float:
        """Seconds until the next look is due."""
        return max(self._next - time.monotonic(), 0)

    def looked(self, *, complete: bool, fresh: bool, pause: float = SHORTEST_PAUSE) -> None:
        """`complete`: it saw all that is known to have been written; `fresh`: there was something new, and it looks again
        after `pause` seconds."""
        if complete:
            self._pause = self._idle
        else:
            self._pause = pause if fresh else min(self._pause * 2, self._longest)
        self._next = time.monotonic() + self._pause


class Welcome:
    """Whether who follows still may, asked again from time to time."""

    def __init__(self, authenticate: Authenticate, seconds: float = RECHECK_SECONDS) -> None:
        self._authenticate = authenticate
        self._seconds = seconds
        self._next = time.monotonic() + seconds

    async def check(self) -> None:
        """Raises what `authenticate` does."""
        if time.monotonic() >= self._next:
            await self._authenticate()
            self._next = time.monotonic() + self._seconds


@contextmanager
def ending_quietly() -> Iterator[None]:
    """A stream ends where who follows may no longer, or the database is away: clients come back with the last id that they
    have."""
    try:
        yield
    except ProofroomError as error:
        log.info("stream.ended", reason=error.code)
    except SQLAlchemyError as error:
        log_away(error)


def log_away(error: SQLAlchemyError) -> None:
    log.warning("stream.database_away", reason=str(error).splitlines()[0])


def told(kind: str, payload: Mapping[str, Any], position: Position | None = None) -> bytes:
    return encoded(kind, orjson.dumps(payload), position)


def position_of(header: str | None, parameter: str | None) -> Position | None:
    """The header wins: it is newer, where a client reconnects to an address that has the parameter."""
    given = parameter if header is None else header
    if given is None:
        return None
    try:
        return Position.parse(given)
    except ValueError:
        where = "query.last_event_id" if header is None else "header.Last-Event-ID"
        raise Invalid(
            "This is not an event's id.",
            remedy="Send the `id` of the last event that you got, or leave it out.",
            errors=[FieldError(where, "This is not an event's id.")],
        ) from None
