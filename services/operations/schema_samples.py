"""A plausible row for any mapped table, made from the mapping alone: for proofs, and for tests."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Uuid,
    insert,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from uuid_utils.compat import uuid7

from models.security import tables

Rows = dict[str, dict[str, Any]]
"""Table: its sample row, as the database returned it."""

_WANTED: Final = {
    "users.external_issuer",
    "users.external_subject",
    "connected_accounts.credentials",
    "media_files.original_url",
    "audit_logs.new_values",
    "posts.text_content",
}
"""Columns that may be NULL and still must be filled for the row to pass its CHECKs, or to show something."""


_MAKERS: Final[dict[type[TypeEngine[Any]], Callable[[], Any]]] = {
    LargeBinary: lambda: secrets.token_bytes(6),
    Uuid: uuid7,
    JSONB: lambda: {"sample": secrets.token_hex(6)},
    DateTime: lambda: datetime.now(UTC),
    Date: lambda: datetime.now(UTC).date(),
    Boolean: lambda: True,
    Numeric: lambda: Decimal(1),
    Integer: lambda: 1,
    ARRAY: list,
}


def fill(connection: Connection) -> Rows:
    """A user, a workspace, and one row in every other table that belongs to them. Runs as proofroom_service."""
    rows: Rows = {}
    for table in tables():
        statement = insert(table).values(sample(table, rows)).returning(*table.columns)
        rows[table.name] = dict(connection.execute(statement).mappings().one())
    return rows


def sample(table: Table, rows: Rows) -> dict[str, Any]:
    """Values for a new row that refers to `rows`; columns with a default, or that may be NULL, are left out."""
    values: dict[str, Any] = {}
    for constraint in table.foreign_key_constraints:
        parent = rows.get(constraint.referred_table.name)
        if parent is not None:
            values |= {key.parent.name: parent[key.column.name] for key in constraint.elements}
    for column in table.columns:
        needed = not column.nullable and column.server_default is None and column.identity is None
        if column.name not in values and (needed or f"{table.name}.{column.name}" in _WANTED):
            values[column.name] = _value(column)
    return values


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    if isinstance(column.type, String):
        words = f"{column.name} {secrets.token_hex(6)}"
        return "linkedin" if column.name == "platform" else words[-(column.type.length or 100) :]
    for kind, make in _MAKERS.items():
        if isinstance(column.type, kind):
            return make()
    raise TypeError(f"There is no sample of {column.type!r}, the type of {column}.")


def owners(rows: Rows) -> tuple[UUID, UUID]:
    """(workspace, user) of what `fill` made."""
    return rows["workspaces"]["id"], rows["users"]["id"]
