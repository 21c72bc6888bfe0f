"""Who is on a mailing list. An address is kept encrypted, once on a list, and off it once it has left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring
from core.errors import NotFound
from core.simulated import SIMULATED_LIST, SIMULATED_READERS
from models import MailingList, Subscriber
from models.mailing import SubscriberStatus
from services import pages, rows
from services.mail import mailing_lists


@dataclass(frozen=True, slots=True)
class Entry:
    """Of an address that is to be on a list, or to be known there as one that has left."""

    email: str
    """Checked."""
    status: SubscriberStatus = SubscriberStatus.SUBSCRIBED
    consent: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber with the address in the clear."""

    id: UUID
    list_id: UUID
    email: str
    status: SubscriberStatus
    reason: str | None
    ended_at: datetime | None
    consent: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Added:
    """What became of addresses that were to be added."""

    added: int
    known: int
    """On the list already, and mailed."""
    left_out: int
    """Unsubscribed from this list or by what was given, or bounced on any: they stay so."""


async def add(session: AsyncSession, keyring: Keyring, list_id: UUID, entries: Sequence[Entry]) -> Added:
    """Whoever has left stays off, whoever bounced on another list is bounced here, and whoever is given as one that has
    left leaves: who bounced, every list of the workspace."""
    listed = await mailing_lists.find(session, list_id)
    by_index: dict[bytes, Entry] = {}
    for entry in entries:
        index = keyring.email_index(entry.email)
        if index not in by_index or entry.status is not SubscriberStatus.SUBSCRIBED:
            by_index[index] = entry
    ids = [uuid7() for _ in by_index]
    given = {
        "workspace_id": listed.workspace_id,
        "list_id": list_id,
        "ids": ids,
        "indexes": list(by_index),
        "emails": [
            keyring.encrypt(entry.email.encode(), email_context(subscriber_id))
            for subscriber_id, entry in zip(ids, by_index.values(), strict=True)
        ],
        "statuses": [entry.status.value for entry in by_index.values()],
        "consents": [entry.consent or None for entry in by_index.values()],
    }
    found = (await session.execute(_ADD, given)).one()
    return Added(found.added, found.known, len(by_index) - found.added - found.known)


async def give_simulated(
    session: AsyncSession, keyring: Keyring, workspace_id: UUID, user_id: UUID
) -> MailingList:
    """The list of a new workspace of `proofroom up`; the one that is there, when it is called again."""
    found = await session.scalar(
        select(MailingList).where(
            MailingList.workspace_id == workspace_id, MailingList.name == SIMULATED_LIST
        )
    )
    if found is None:
        found = MailingList(id=uuid7(), workspace_id=workspace_id, user_id=user_id, name=SIMULATED_LIST)
        session.add(found)
        await session.flush()
        await add(session, keyring, found.id, [Entry(email) for email in SIMULATED_READERS])
    return found


async def browse(
    session: AsyncSession,
    keyring: Keyring,
    list_id: UUID,
    wanted: pages.Wanted,
    status: SubscriberStatus | None = None,
) -> pages.Slice[Reader]:
    await mailing_lists.find(session, list_id)
    statement = select(Subscriber).where(Subscriber.list_id == list_id)
    if status is not None:
        statement = statement.where(Subscriber.status == status)
    found = await pages.page(session, statement, (Subscriber.created_at, Subscriber.id), wanted)
    return pages.Slice([shown(row, keyring) for row in found.items], found.next)


async def find(session: AsyncSession, keyring: Keyring, list_id: UUID, subscriber_id: UUID) -> Reader:
    return shown(await _find(session, list_id, subscriber_id), keyring)


async def by_email(session: AsyncSession, keyring: Keyring, list_id: UUID, email: str) -> Reader:
    """Who is on the list."""
    index = keyring.email_index(email)
    statement = select(Subscriber).where(Subscriber.list_id == list_id, Subscriber.email_index == index)
    return shown((await session.scalars(statement)).one(), keyring)


async def unsubscribe(session: AsyncSession, keyring: Keyring, list_id: UUID, subscriber_id: UUID) -> Reader:
    """As the reader would; once more changes nothing."""
    row = await _find(session, list_id, subscriber_id)
    if row.status == SubscriberStatus.SUBSCRIBED:
        await rows.change(session, row, {"status": SubscriberStatus.UNSUBSCRIBED, "ended_at": func.now()})
    return shown(row, keyring)


async def erase(session: AsyncSession, list_id: UUID, subscriber_id: UUID) -> None:
    """The address is forgotten, and with it that it had left."""
    await session.delete(await _find(session, list_id, subscriber_id))
    await session.flush()


async def bounce(
    session: AsyncSession, keyring: Keyring, list_id: UUID, email: str, reason: str | None
) -> int:
    """The address is mailed no more, on whichever list of the workspace it is; answers on how many it was."""
    await mailing_lists.find(session, list_id)
    given = {"email_index": keyring.email_index(email), "reason": reason}
    return len((await session.execute(_BOUNCE, given)).all())


def email_context(subscriber_id: UUID) -> str:
    return f"subscribers.email:{subscriber_id}"


def shown(row: Subscriber, keyring: Keyring) -> Reader:
    return Reader(
        id=row.id,
        list_id=row.list_id,
        email=keyring.decrypt(row.email, email_context(row.id)).decode(),
        status=SubscriberStatus(row.status),
        reason=row.reason,
        ended_at=row.ended_at,
        consent=row.consent,
        created_at=row.created_at,
    )


async def _find(session: AsyncSession, list_id: UUID, subscriber_id: UUID) -> Subscriber:
    row = await rows.find(session, Subscriber, subscriber_id, "subscriber")
    if row.list_id != list_id:
        raise NotFound("There is no such subscriber.")
    return row


# In one order, so that two who add the same addresses wait for each other only once.
_ADD: Final = text("""
WITH given AS (
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:indexes AS bytea[]), CAST(:emails AS bytea[]),
        CAST(:statuses AS varchar[]), CAST(:consents AS varchar[])) AS x(id, email_index, email, status, consent)
), bounced AS (
    SELECT DISTINCT ON (s.email_index) s.email_index, s.reason
    FROM given g JOIN subscribers s ON s.workspace_id = :workspace_id AND s.email_index = g.email_index
    WHERE s.status = 'bounced'
), known AS (
    SELECT s.email_index FROM given g JOIN subscribers s ON s.list_id = :list_id AND s.email_index = g.email_index
    WHERE s.status = 'subscribed' AND g.status = 'subscribed'
), added AS (
    INSERT INTO subscribers AS o (id, workspace_id, list_id, email, email_index, status, reason, ended_at, consent)
    SELECT g.id, :workspace_id, :list_id, g.email, g.email_index,
        CASE WHEN b.email_index IS NULL THEN g.status ELSE 'bounced' END, b.reason,
        CASE WHEN b.email_index IS NOT NULL OR g.status <> 'subscribed' THEN now() END, g.consent
    FROM given g LEFT JOIN bounced b ON b.email_index = g.email_index
    ORDER BY g.email_index
    ON CONFLICT (list_id, email_index) DO UPDATE SET status = EXCLUDED.status, ended_at = now()
        WHERE o.status = 'subscribed' AND EXCLUDED.status <> 'subscribed'
    RETURNING status
), elsewhere AS (
    UPDATE subscribers s SET status = 'bounced', ended_at = now() FROM given g
    WHERE g.status = 'bounced' AND s.workspace_id = :workspace_id AND s.email_index = g.email_index
        AND s.list_id <> :list_id AND s.status <> 'bounced'
)
SELECT (SELECT count(*) FROM added WHERE status = 'subscribed') AS added, (SELECT count(*) FROM known) AS known
""")
_BOUNCE: Final = text("""
UPDATE subscribers SET status = 'bounced', reason = :reason, ended_at = now()
WHERE email_index = :email_index AND status <> 'bounced' RETURNING id
""")
