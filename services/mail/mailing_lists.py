"""Mailing lists. A list's name is what its readers see."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.errors import Conflict, FieldError, Invalid
from core.principal import Principal
from models import MailingList, Subscriber
from models.mailing import SubscriberStatus
from services import pages, rows


class ListNameTaken(Conflict):
    title = "There is a list of this name"


class ListInUse(Conflict):
    title = "The list is in use"


async def create(session: AsyncSession, principal: Principal, name: str) -> MailingList:
    """Raises ListNameTaken."""
    made = MailingList(id=uuid7(), workspace_id=principal.workspace_id, user_id=principal.user_id, name=name)
    await _named(session, made, name)
    return made


async def browse(session: AsyncSession, wanted: pages.Wanted) -> pages.Slice[MailingList]:
    return await pages.page(session, select(MailingList), (MailingList.created_at, MailingList.id), wanted)


async def find(session: AsyncSession, list_id: UUID) -> MailingList:
    return await rows.find(session, MailingList, list_id, "mailing list")


async def rename(session: AsyncSession, list_id: UUID, name: str) -> MailingList:
    """Raises ListNameTaken."""
    found = await find(session, list_id)
    await _named(session, found, name)
    return found


async def delete(session: AsyncSession, list_id: UUID) -> None:
    """And who was on it, also that they had left. Raises ListInUse."""
    found = await find(session, list_id)
    used = await session.execute(_USED, {"list_id": str(list_id)})
    if used.first() is not None:
        raise ListInUse("An account sends to it.", remedy="Disconnect the account first.")
    await session.delete(found)
    await session.flush()


async def by_name(session: AsyncSession, name: str, pointer: str) -> MailingList:
    """Raises Invalid at `pointer`."""
    found = await session.scalar(select(MailingList).where(MailingList.name == name.strip()))
    if found is None:
        detail = f"There is no mailing list called {name!r}."
        raise Invalid(detail, remedy="Make it first.", errors=[FieldError(pointer, detail)])
    return found


async def count(session: AsyncSession, list_id: UUID) -> dict[SubscriberStatus, int]:
    return (await counts(session, [list_id]))[list_id]


async def counts(session: AsyncSession, list_ids: Sequence[UUID]) -> dict[UUID, dict[SubscriberStatus, int]]:
    """Of subscribers by status."""
    statement = (
        select(Subscriber.list_id, Subscriber.status, func.count())
        .where(Subscriber.list_id.in_(list_ids))
        .group_by(Subscriber.list_id, Subscriber.status)
    )
    found: dict[UUID, dict[SubscriberStatus, int]] = {
        list_id: dict.fromkeys(SubscriberStatus, 0) for list_id in list_ids
    }
    for list_id, status, count in await session.execute(statement):
        found[list_id][status] = count
    return found


async def _named(session: AsyncSession, row: MailingList, name: str) -> None:
    session.add(row)
    try:
        await rows.change(session, row, {"name": name})
    except IntegrityError as error:
        if rows.broken(error) != "uq_mailing_lists_workspace_id_name":
            raise
        raise ListNameTaken(
            f"There is a list called {name!r} already.", remedy="Choose another name."
        ) from error


_USED: Final = text("""
SELECT 1 FROM connected_accounts
WHERE platform = 'email' AND status <> 'disconnected' AND metadata ->> 'list_id' = :list_id
""")
