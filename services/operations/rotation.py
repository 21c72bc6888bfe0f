"""After a new secret key was put first: everything encrypted is encrypted again with it."""

from typing import Any, Final

from sqlalchemy import Column, Table, and_, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.db import Database
from models import Base, Invitation, Subscriber, User
from models.base import Encrypted

_BATCH: Final = 500
_INDEXED: Final = frozenset({User.__tablename__, Invitation.__tablename__, Subscriber.__tablename__})
"""Tables with an e-mail address and the index that finds it."""


async def rotate(db: Database, keyring: Keyring) -> int:
    """Re-encrypt what older keys encrypted, and index e-mail addresses anew; answers how many values it rewrote.

    May run beside the service and be run again: each batch is a transaction, and what is current is left alone.
    """
    return sum(
        [
            await _rotate_column(db, keyring, table, column)
            for table in Base.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, Encrypted)
        ]
    )


async def _rotate_column(db: Database, keyring: Keyring, table: Table, column: Column[Any]) -> int:
    keys = list(table.primary_key.columns)
    found = select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(_BATCH).with_for_update()
    changed, query = 0, found
    while True:
        async with db.service() as session:
            rows = [tuple(row) for row in await session.execute(query)]
            for *key, sealed in rows:
                changed += await _rotate_value(
                    session, keyring, column, dict(zip(keys, key, strict=True)), sealed
                )
        if len(rows) < _BATCH:
            return changed
        query = found.where(tuple_(*keys) > tuple_(*rows[-1][:-1]))


async def _rotate_value(
    session: AsyncSession, keyring: Keyring, column: Column[Any], row: dict[Column[Any], Any], sealed: bytes
) -> bool:
    table = column.table
    context = ":".join([f"{table.name}.{column.name}", *(str(value) for value in row.values())])
    values = {column.name: keyring.reencrypt(sealed, context)}
    if table.name in _INDEXED:
        values["email_index"] = keyring.email_index(keyring.decrypt(sealed, context).decode())
    here = and_(*(key == value for key, value in row.items()))
    fresh = [table.c[name].is_distinct_from(value) for name, value in values.items()]
    result = await session.execute(
        update(table).where(here, or_(*fresh)).values(values).returning(literal(1))
    )
    return result.first() is not None
