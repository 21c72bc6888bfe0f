"""Lists: `?limit=&cursor=` in, `items` and `next_cursor` out."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Generic, Self, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from core.errors import FieldError, Invalid
from services.pages import DEFAULT_LIMIT, MAX_LIMIT, Position, Slice, Wanted

ItemT = TypeVar("ItemT", bound=BaseModel)
RowT = TypeVar("RowT")


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")

    @classmethod
    def whole(cls, items: list[ItemT]) -> Self:
        """Of what is few by its nature."""
        return cls(items=items, next_cursor=None)

    @classmethod
    def of(cls, found: Slice[RowT], show: Callable[[RowT], ItemT]) -> Self:
        return cls(
            items=[show(row) for row in found.items],
            next_cursor=write_cursor(found.next) if found.next else None,
        )


async def _wanted(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the page before.")
    ] = None,
) -> Wanted:
    return Wanted(limit, _read_cursor(cursor) if cursor is not None else None)


Paging = Annotated[Wanted, Depends(_wanted)]


def write_cursor(position: Position) -> str:
    due_at = [position.due_at.isoformat()] if position.due_at else []
    plain = json.dumps([position.created_at.isoformat(), str(position.id), *due_at])
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> Position:
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        created_at, row_id, *due_at = json.loads(plain)
        position = Position(_time(created_at), UUID(row_id), *map(_time, due_at))
    except (binascii.Error, ValueError, TypeError, AttributeError):
        position = None
    if position is None:
        raise Invalid(
            "The cursor is not one of ours.",
            remedy="Send `next_cursor` of the page before as it is, or leave it out.",
            errors=[FieldError("query.cursor", "This is no cursor.")],
        )
    return position


def _time(written: str) -> datetime:
    found = datetime.fromisoformat(written)
    if found.tzinfo is None:
        raise ValueError
    return found
