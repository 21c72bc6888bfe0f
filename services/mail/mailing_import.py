"""Addresses in and out of a list, as people have them in files."""

import asyncio
import csv
import io
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.errors import FieldError, Invalid
from core.mailbox import ascii_address
from models import Subscriber
from services.mail import mailing

LIMIT: Final = 10_000
"""Addresses of one call."""
_SHOWN: Final = 20
"""Lines that an error names."""
_TITLES: Final = frozenset({"email", "e-mail", "mail", "address", "email address", "e-mail address"})


async def addresses(text: str) -> list[str]:
    """Of CSV with commas, semicolons or tabs: of the column that a first line titles as such, else of the first. All of
    them or, where some are none, none. Raises Invalid, which names the lines. Off the event loop: 10,000 take 0.2 s."""
    return await asyncio.to_thread(_addresses, text)


def _addresses(text: str) -> list[str]:
    lines = [line for line in csv.reader(io.StringIO(text.lstrip("\ufeff")), _dialect(text)) if any(line)]
    titles = [cell.strip().lower() for cell in lines[0]] if lines else []
    column = next((index for index, title in enumerate(titles) if title in _TITLES), None)
    first = 0 if column is None else 1
    if len(lines) - first > LIMIT:
        raise _invalid([f"There are {len(lines) - first:,} addresses; send at most {LIMIT:,} at once."])
    found: list[str] = []
    problems: list[str] = []
    for number, line in enumerate(lines[first:], first + 1):
        try:
            found.append(ascii_address(line[column or 0] if len(line) > (column or 0) else ""))
        except ValueError as error:
            problems.append(f"Line {number}: {error}")
    if problems:
        raise _invalid(problems)
    if not found:
        raise _invalid(["There is no address in it."])
    return found


async def export(session: AsyncSession, keyring: Keyring, list_id: UUID) -> str:
    """CSV of all subscribers, those that left included, oldest first. It can be imported again."""
    await mailing.find(session, list_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", "status", "since", "ended", "reason"])
    statement = select(Subscriber).where(Subscriber.list_id == list_id)
    found = await session.stream_scalars(statement.order_by(Subscriber.created_at, Subscriber.id))
    async for row in found:
        reader = mailing.shown(row, keyring)
        ended = reader.ended_at.isoformat() if reader.ended_at else ""
        # A spreadsheet takes what begins like a formula for one.
        reason = (reader.reason or "").lstrip("=+-@\t\r")
        writer.writerow([reader.email, reader.status.value, reader.created_at.isoformat(), ended, reason])
    return out.getvalue()


def _dialect(text: str) -> type[csv.Dialect]:
    first, _, _ = text.lstrip("\ufeff").partition("\n")

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
