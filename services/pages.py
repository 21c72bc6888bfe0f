"""Keyset pages: newest first, the id breaking ties, so that rows added meanwhile move nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

T = TypeVar("T")
SelectT = TypeVar("SelectT", bound=Select[*tuple[Any, ...]])
Columns = tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[UUID]]


@dataclass(frozen=True, slots=True)
class Position:
    """Of the last row that was seen."""

    created_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    limit: int = DEFAULT_LIMIT
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    items: Sequence[T]
    next: Position | None
    """Where the next page goes on; None after the last row."""


def keyset(statement: SelectT, columns: Columns, wanted: Wanted) -> SelectT:
    """The rows after `wanted.after` and one more than wanted, which tells `cut` whether there is a next page."""
    created_at, row_id = columns
    if wanted.after is not None:
        statement = statement.where(
            tuple_(created_at, row_id) < tuple_(wanted.after.created_at, wanted.after.id)
        )
    return statement.order_by(created_at.desc(), row_id.desc()).limit(wanted.limit + 1)


def cut(rows: Sequence[T], wanted: Wanted, position: Callable[[T], Position]) -> Slice[T]:
    page = rows[: wanted.limit]
    return Slice(page, position(page[-1]) if len(rows) > wanted.limit else None)


async def page(session: AsyncSession, statement: Select[T], columns: Columns, wanted: Wanted) -> Slice[T]:
    """For a statement that selects one entity with `created_at` and `id`."""
    rows = (await session.execute(keyset(statement, columns, wanted))).scalars().all()
    return cut(rows, wanted, lambda row: Position(getattr(row, columns[0].key), getattr(row, columns[1].key)))
