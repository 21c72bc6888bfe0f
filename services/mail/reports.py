"""What mail servers report later on (RFC 3464): a mail that one took, and could not deliver after all.

Anybody can write such a report. It is believed for the Message-ID in it, which only those know who have had that mail: so
nobody can have another reader's address struck off.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.text import storable
from models.mailing import DeliveryOutcome
from platforms.email.session import is_gone

RETURNED_LIMIT: Final = 5
"""Newsletters in a row that came back, and that nobody will ever read: a mailbox that is full for good, a server that has
gone. Ours."""
_MESSAGE_ID: Final = re.compile(r"<([0-9a-f]{32})@")
_MAX_WORDS: Final = 400


@dataclass(frozen=True, slots=True)
class Report:
    delivery_id: UUID
    is_gone: bool
    """There is no such address; otherwise it may be there again next time."""
    words: str
    """The mail server's."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report. None: it was no report of a failure, or on no newsletter of this workspace."""

    delivery_id: UUID | None = None
    outcome: DeliveryOutcome | None = None
    subscribers: int = 0
    """On so many lists the address is mailed no more because of it."""


async def take(session: AsyncSession, message: bytes) -> Reported:
    """Once more changes nothing. Off the event loop: anybody's mail may take long to read."""
    report = await asyncio.to_thread(read, message)
    if report is None:
        return Reported()
    outcome = DeliveryOutcome.BOUNCED if report.is_gone else DeliveryOutcome.RETURNED
    told = {"id": report.delivery_id, "outcome": outcome.value, "words": report.words}
    found = (await session.execute(_TELL, told)).one_or_none()
    if found is None:
        return Reported()
    ended = 0
    if outcome is DeliveryOutcome.BOUNCED:
        ended = len((await session.execute(_BOUNCE, {**told, "subscriber_id": found.subscriber_id})).all())
    else:
        given = {**told, "subscriber_id": found.subscriber_id, "limit": RETURNED_LIMIT}
        ended = len((await session.execute(_GIVE_UP, given)).all())
    return Reported(report.delivery_id, outcome, ended)


def read(message: bytes) -> Report | None:
    """None for what is no report that a mail of ours has failed: an absence note, a delay, somebody else's."""
    try:
        parsed = message_from_bytes(message)
    except RecursionError:  # parts within parts, without end
        return None
    parts = parsed.get_payload() if parsed.get_content_type() == "multipart/report" else ()
    failed: list[Message] = []
    found: re.Match[str] | None = None
    for part in parts:
        if not isinstance(part, Message):
            continue
        if part.get_content_type() == "message/delivery-status":
            failed += [block for block in _inner(part) if _field(block, "Action").lower() == "failed"]
        elif part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            found = next((match for each in _inner(part) if (match := _message_id(each))), found)
    if not failed or found is None:
        return None
    words = _words(failed[0])
    return Report(
        UUID(found[1]),
        all(is_gone(_field(block, "Status")) or _tells_of_nobody(block) for block in failed),
        storable(" ".join(words.split()))[:_MAX_WORDS],
    )


def _words(block: Message) -> str:
    """As the last server said it: `smtp; 550 5.1.1 …`."""
    return _field(block, "Diagnostic-Code").partition(";")[2].strip() or _field(block, "Status")


def _tells_of_nobody(block: Message) -> bool:
    """Some servers have no more than 5.0.0 for a status, and what they were told beside it."""
    return _field(block, "Status") == "5.0.0" and is_gone(_words(block).partition(" ")[2])


def _inner(part: Message) -> Iterator[Message]:
    """Messages in a part: the blocks of a status, or the mail that came back, of which some send the head alone."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (each for each in payload if isinstance(each, Message))
    else:
        head = part.get_payload(decode=True)
        yield message_from_bytes(head if isinstance(head, bytes) else b"")


def _message_id(message: Message) -> re.Match[str] | None:
    return _MESSAGE_ID.match(_field(message, "Message-ID"))


def _field(message: Message, name: str) -> str:
    return str(message.get(name, "")).strip()


# What is still `sending` counts: a server nearby may report before its answer has been written down.
_TELL: Final = text("""
UPDATE email_deliveries SET outcome = :outcome, detail = :words
WHERE id = :id AND (outcome IN ('sending', 'sent', 'unknown', 'returned') OR outcome = 'bounced' AND :outcome = 'bounced')
RETURNING subscriber_id
""")
_BOUNCE: Final = text("""
UPDATE subscribers o SET status = 'bounced', reason = :words, ended_at = now()
FROM subscribers s
WHERE s.id = :subscriber_id AND o.workspace_id = s.workspace_id AND o.email_index = s.email_index AND o.status <> 'bounced'
RETURNING o.id
""")
_GIVE_UP: Final = text("""
UPDATE subscribers SET status = 'bounced', ended_at = now(), reason = 'The last ' || :limit || ' came back: ' || :words
WHERE id = :subscriber_id AND status = 'subscribed' AND :limit = (
    SELECT count(*) FILTER (WHERE outcome = 'returned') FROM (
        SELECT outcome FROM email_deliveries WHERE subscriber_id = :subscriber_id ORDER BY created_at DESC LIMIT :limit
    ) AS newest)
RETURNING id
""")
