"""Keyset pages: newest first, the id breaking ties, so that rows added meanwhile move nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, tuple_
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
    due_at: datetime | None = None
    """In a list in the order in which things are due."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list goes on after `Wanted.after`, in SQL. Names of columns mean the same in the page and around it."""

    by: str
    after: str


NEWEST: Final = Order("created_at DESC, id DESC", "(created_at, id) < (:after_created_at, :after_id)")


@dataclass(frozen=True, slots=True)
class Wanted:
    limit: int = DEFAULT_LIMIT
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    items: Sequence[T]
    next: Position | None
    """Where the next page goes on; None after the last row."""


def keyset(statement: SelectT, columns: Columns, *, goes_on: bool) -> SelectT:
    """The rows after `Wanted.after`, if it `goes_on` there, and one more than wanted, which tells `cut` whether there is
    a next page. To be run with `parameters`."""
    created_at, row_id = columns
    if goes_on:
        after = tuple_(bindparam("after_created_at"), bindparam("after_id"))
        statement = statement.where(tuple_(created_at, row_id) < after)
    return statement.order_by(created_at.desc(), row_id.desc()).limit(bindparam("rows"))


def of_table(table: str, conditions: Sequence[str], *, goes_on: bool, order: Order = NEWEST) -> str:
    """The same as `keyset`, in SQL."""
    if goes_on:
        conditions = [*conditions, order.after]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT * FROM {table} {where} ORDER BY {order.by} LIMIT :rows"


def parameters(wanted: Wanted) -> dict[str, Any]:
    after = wanted.after
    position = (
        {"after_created_at": after.created_at, "after_id": after.id, "after_due_at": after.due_at}
        if after
        else {}
    )
    return {**position, "rows": wanted.limit + 1}


def cut(rows: Sequence[T], wanted: Wanted, position: Callable[[T], Position]) -> Slice[T]:
    page = rows[: wanted.limit]
    return Slice(page, position(page[-1]) if len(rows) > wanted.limit else None)


async def page(session: AsyncSession, statement: Select[T], columns: Columns, wanted: Wanted) -> Slice[T]:
    """For a statement that selects one entity with `created_at` and `id`."""
    statement = keyset(statement, columns, goes_on=wanted.after is not None)
    rows = (await session.execute(statement, parameters(wanted))).scalars().all()
    return cut(rows, wanted, lambda row: Position(getattr(row, columns[0].key), getattr(row, columns[1].key)))


async def whole(browse: Callable[[Wanted], Awaitable[Slice[T]]]) -> list[T]:
    """Page after page to the end, of what a workspace has few of."""
    found: list[T] = []
    wanted: Wanted | None = Wanted(MAX_LIMIT)
    while wanted is not None:
        page = await browse(wanted)
        found += page.items
        wanted = Wanted(MAX_LIMIT, page.next) if page.next else None
    return found
