"""Following a workspace, whoever asks: a program by its key, a page by its cookie."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.feeds import PRESENCE, Feed, Feeds
from api.followers import Follower
from api.sse import HEARTBEAT_SECONDS, EventStream
from api.streams import RECHECK_SECONDS
from core.errors import FieldError, Invalid, ProofroomError
from core.principal import Principal
from services.events import EventType, Position

log = structlog.get_logger(__name__)

TYPES: Final = (*EventType, PRESENCE)


def follow(
    feeds: Feeds,
    workspace_id: UUID,
    authenticate: Callable[[], Awaitable[Principal]],
    *,
    after: Position | None = None,
    types: frozenset[str] | None = None,
    recheck_seconds: float = RECHECK_SECONDS,
) -> EventStream:
    """The answer to whoever may see the workspace, for as long as `authenticate` raises no ProofroomError.

    Without `after` it begins now, with the position at which that is; without `types` it has all of them.
    """
    with ExitStack() as held:
        follower = Follower(types, after)
        feed = held.enter_context(feeds.joined(workspace_id, follower))
        pieces = _pieces(feed, follower, authenticate, recheck_seconds)
        return EventStream(pieces, held.pop_all(), ping=0)


def chosen(types: str | None) -> frozenset[str] | None:
    """Of a list like `review.requested,review.decided`. Raises Invalid."""
    if types is None:
        return None
    wanted = frozenset(types.split(","))
    if unknown := sorted(wanted - set(TYPES)):
        raise Invalid(
            "There is no such type of event.",
            remedy=f"Choose from {', '.join(TYPES)}, or leave it out.",
            errors=[FieldError("query.types", f"{', '.join(unknown)}: there is no such type.")],
        )
    return wanted


async def _pieces(
    feed: Feed,
    follower: Follower,
    authenticate: Callable[[], Awaitable[Principal]],
    recheck_seconds: float,
) -> AsyncGenerator[bytes]:
    # There is a piece at each heartbeat at the latest: no timer for each follower.
    clock, longest = time.monotonic, recheck_seconds - HEARTBEAT_SECONDS
    recheck = clock() + longest
    try:
        async for piece in feed.follow(follower):
            if clock() >= recheck:
                await authenticate()
                recheck = clock() + longest
            yield piece
    except ProofroomError as error:
        log.info("stream.ended", reason=error.code)
    except SQLAlchemyError as error:
        log.warning("stream.database_away", reason=str(error).splitlines()[0])
