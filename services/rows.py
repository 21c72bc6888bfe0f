"""One row by its id, or NotFound: row security has hidden what belongs to somebody else."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from models.base import Base

ModelT = TypeVar("ModelT", bound=Base)


async def find(session: AsyncSession, model: type[ModelT], row_id: UUID, what: str) -> ModelT:
    row = await session.get(model, row_id)
    if row is None:
        raise NotFound(f"There is no such {what}.")
    return row


def broken(error: IntegrityError) -> str | None:
    """The name of the constraint that a write would have broken. Its transaction is over."""
    name: str | None = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return name


async def change(session: AsyncSession, row: Base, changes: Mapping[str, object]) -> None:
    """Set the named columns; afterwards the row reads as the database has it."""
    for name, value in changes.items():
        setattr(row, name, value)
    await session.flush()
    await session.refresh(row)
