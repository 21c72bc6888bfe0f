"""Addresses in and out of a list, as people have them in files."""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.errors import FieldError, Invalid
from core.mailbox import ascii_address
from core.text import storable
from models import Subscriber
from models.mailing import SubscriberStatus
from services.mail import mailing_lists, subscribers
from services.mail.subscribers import Entry

LIMIT: Final = 10_000
"""Addresses of one call."""
_SHOWN: Final = 20
"""Lines that an error names."""
_TITLES: Final = frozenset({"email", "e-mail", "mail", "address", "email address", "e-mail address"})
_STATUSES: Final = {
    **dict.fromkeys(("", "subscribed", "active", "confirmed", "enabled"), SubscriberStatus.SUBSCRIBED),
    **dict.fromkeys(("unsubscribed", "blocklisted"), SubscriberStatus.UNSUBSCRIBED),
    **dict.fromkeys(("bounced", "cleaned"), SubscriberStatus.BOUNCED),
}
"""As we and others call them. Somebody who has not confirmed yet is none of these."""
_CONSENT: Final = Subscriber.consent.type.length


async def entries(text: str, consent: str | None = None) -> list[Entry]:
    """Of CSV with commas, semicolons or tabs: of the columns that a first line titles as email, status and consent, else of
    the first. All of them or, where a line is wrong, none. `consent` is of those whose line has none of its own. Raises
    Invalid, which names the lines. Off the event loop: 10,000 take 0.2 s."""
    return await asyncio.to_thread(_entries, text, consent)


def _entries(text: str, consent: str | None) -> list[Entry]:
    lines = _lines(text.lstrip("\ufeff"))
    columns = _titled(lines[0][1]) if lines else {}
    if columns:
        del lines[0]
    if not lines:
        raise _invalid(["There is no address in it."])
    if len(lines) > LIMIT:
        raise _invalid([f"There are {len(lines):,} addresses; send at most {LIMIT:,} at once."])
    found: list[Entry] = []
    problems: list[str] = []
    for number, line in lines:
        try:
            found.append(_entry(line, columns or {"email": 0}, consent))
        except ValueError as error:
            problems.append(f"Line {number}: {error}")
    if problems:
        raise _invalid(problems)
    return found


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Those with something in them, however they end, and which of all lines each is."""
    reader = csv.reader(io.StringIO(text, newline=None), _dialect(text))
    try:
        return [(reader.line_num, line) for line in reader if any(line)]
    except csv.Error as error:
        raise _invalid([f"This is no CSV: {error}."]) from None


def _titled(line: Sequence[str]) -> dict[str, int]:
    """Which column is of which title; none where the line has no title of addresses."""
    titles = [cell.strip().lower() for cell in line]
    columns = {title: titles.index(title) for title in titles}
    emails = [index for title, index in columns.items() if title in _TITLES]
    return {**columns, "email": emails[0]} if emails else {}


def _entry(line: Sequence[str], columns: Mapping[str, int], consent: str | None) -> Entry:
    """Raises ValueError."""

    def cell(title: str) -> str:
        index = columns.get(title, len(line))
        return line[index].strip() if index < len(line) else ""

    status = _STATUSES.get(cell("status").lower())
    if status is None:
        raise ValueError(f"{cell('status')!r} is no status: subscribed, unsubscribed and bounced are.")
    if len(own := cell("consent")) > _CONSENT:
        raise ValueError(f"The consent is longer than {_CONSENT} characters.")
    return Entry(ascii_address(cell("email")), status, storable(own) or consent)


async def export(session: AsyncSession, keyring: Keyring, list_id: UUID) -> str:
    """CSV of all subscribers, those that left included, oldest first. It can be imported again."""
    await mailing_lists.find(session, list_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", "status", "since", "ended", "reason", "consent"])
    statement = select(Subscriber).where(Subscriber.list_id == list_id)
    found = await session.stream_scalars(statement.order_by(Subscriber.created_at, Subscriber.id))
    async for row in found:
        reader = subscribers.shown(row, keyring)
        ended = reader.ended_at.isoformat() if reader.ended_at else ""
        # A spreadsheet takes what begins like a formula for one.
        told = [(words or "").lstrip("=+-@\t\r") for words in (reader.reason, reader.consent)]
        writer.writerow([reader.email, reader.status.value, reader.created_at.isoformat(), ended, *told])
    return out.getvalue()


def _dialect(text: str) -> type[csv.Dialect]:
    first = next(iter(text.splitlines()), "")

    class Separated(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Separated


def _invalid(problems: list[str]) -> Invalid:
    more = len(problems) - _SHOWN
    errors = [FieldError("/csv", problem) for problem in problems[:_SHOWN]]
    if more > 0:
        errors.append(FieldError("/csv", f"And {more:,} lines more."))
    return Invalid(
        "The addresses cannot be taken; none was.",
        remedy="Mend these lines and send all of it again.",
        errors=errors,
    )
