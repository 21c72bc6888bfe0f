"""Following a workspace, whoever asks: a program by its key, a page by its cookie."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack
from typing import Final
from uuid import UUID

from api.feeds import PRESENCE, Feed, Feeds
from api.followers import Follower
from api.sse import HEARTBEAT_SECONDS, EventStream
from api.streams import RECHECK_SECONDS, Authenticate, Welcome, ending_quietly
from core.errors import FieldError, Invalid
from services.events import EventType, Position

TYPES: Final = (*EventType, PRESENCE)


def follow(
    feeds: Feeds,
    workspace_id: UUID,
    authenticate: Authenticate,
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
        # There is a piece at each heartbeat at the latest: no timer for each follower.
        welcome = Welcome(authenticate, recheck_seconds - HEARTBEAT_SECONDS)
        return EventStream(_pieces(feed, follower, welcome), held.pop_all(), ping=0)


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


async def _pieces(feed: Feed, follower: Follower, welcome: Welcome) -> AsyncGenerator[bytes]:
    with ending_quietly():
        async for piece in feed.follow(follower):
            await welcome.check()
            yield piece
