"""A reader's way off a list: the link in each newsletter, good for nothing else."""

from dataclasses import dataclass

from sqlalchemy import text

from core.crypto import hash_token
from core.db import Database
from core.errors import NotFound
from models.mailing import SubscriberStatus

_FIND = text("SELECT list_name, status FROM find_subscription(:hash)")
_LEAVE = text("SELECT list_name FROM unsubscribe(:hash)")


@dataclass(frozen=True, slots=True)
class Subscription:
    list_name: str
    status: SubscriberStatus


async def find(db: Database, token: str) -> Subscription:
    """Changes nothing: programs that look for viruses follow every link. Raises NotFound."""
    async with db.anonymous() as session:
        found = (await session.execute(_FIND, {"hash": hash_token(token)})).one_or_none()
    if found is None:
        raise _unknown()
    return Subscription(found.list_name, SubscriberStatus(found.status))


async def leave(db: Database, token: str) -> str:
    """Answers the list's name; once more changes nothing. Raises NotFound."""
    async with db.anonymous() as session:
        found = (await session.execute(_LEAVE, {"hash": hash_token(token)})).one_or_none()
    if found is None:
        raise _unknown()
    name: str = found.list_name
    return name


def _unknown() -> NotFound:
    return NotFound("This link unsubscribes nobody.", remedy="Use the link of a newsletter that you got.")
