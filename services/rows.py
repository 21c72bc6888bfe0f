"""One row by its id, or NotFound: row security has hidden what belongs to somebody else."""

from collections.abc import Mapping
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from core.errors import NotFound
from models.base import Base

ModelT = TypeVar("ModelT", bound=Base)

_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


async def find(
    session: AsyncSession, model: type[ModelT], row_id: UUID, what: str, *, lock: bool = False
) -> ModelT:
    """`lock`: nobody else changes or deletes it until the transaction is over."""
    row = await session.get(model, row_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NotFound(f"There is no such {what}.")
    return row


async def alone(session: AsyncSession, key: str) -> None:
    """Whoever comes with the same key waits until this transaction is over."""
    await session.execute(_ALONE, {"key": key})


def broken(error: IntegrityError) -> str | None:
    """The name of the constraint that a write would have broken. Its transaction is over."""
    name: str | None = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return name


async def change(session: AsyncSession, row: Base, changes: Mapping[str, object]) -> None:
    """Set the named columns; afterwards the row reads as the database has it. Raises NotFound for one that somebody else has
    deleted since it was found."""
    for name, value in changes.items():
        setattr(row, name, value)
    try:
        await session.flush()
    except StaleDataError as error:
        raise NotFound("It was deleted a moment ago.") from error
    await session.refresh(row)
