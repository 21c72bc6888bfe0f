"""What every table shares: the naming convention, ids, times, the workspace and the shapes of references to it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import UserDefinedType
from uuid_utils.compat import uuid7

CONVENTION = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

Json = dict[str, Any]
"""A JSONB object as plain values. Assign a new dict to change it: changes inside are not tracked."""


class Encrypted(LargeBinary):
    """Ciphertext made by core.crypto; rotation finds its columns by this type."""

    cache_ok = True


class TransactionId(UserDefinedType[int]):
    """xid8: the transaction that wrote a row."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        Json: JSONB,
        list[Any]: JSONB,
        UUID: Uuid,
        str: Text,
    }

    # Whoever deletes what somebody else has deleted a moment ago has what they wanted.
    __mapper_args__ = {"confirm_deleted_rows": False}  # noqa: RUF012 - as SQLAlchemy declares it

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=100)
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=101)


class Row:
    """A table with an id of its own."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True, default=uuid7, server_default=text("gen_random_uuid()"), sort_order=-2
    )


class InWorkspace:
    """A tenant table: row security holds it to one workspace, and it goes with that workspace."""

    workspace_id: Mapped[UUID] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), sort_order=-1)


class Tenant(Row, InWorkspace):
    """The usual tenant table; add `anchor()` where other tables refer to it."""


def anchor() -> UniqueConstraint:
    """What composite references point at; it also indexes workspace_id."""
    return UniqueConstraint("workspace_id", "id")


def reference(column: str, target: str, ondelete: str, *, late: bool = False) -> ForeignKeyConstraint:
    """To a row of the same workspace, always: plain foreign keys look past row security.

    `late` adds the constraint after both tables exist, for references in a circle.
    """
    action = f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        ondelete=action,
        use_alter=late,
        name=None,
    )


def state(enum: type[StrEnum], name: str) -> Enum:
    """A CHECKed text, which is easier to extend than a PostgreSQL enum; `name` is the column's."""
    return Enum(
        enum, native_enum=False, create_constraint=True, length=20, name=name, values_callable=_values
    )


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


def platform_name() -> CheckConstraint:
    """The registry of platforms is code; the table only holds the name to its form."""
    return CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name="platform")


def never_negative(*columns: str) -> tuple[CheckConstraint, ...]:
    return tuple(CheckConstraint(f"{column} >= 0", name=column) for column in columns)


def at_most(column: str, characters: int) -> CheckConstraint:
    """For texts too long to be a VARCHAR in good taste."""
    return CheckConstraint(f"char_length({column}) <= {characters}", name=f"{column}_length")


def sparse(column: str) -> Index:
    """The index of a reference that few rows have: where it is NULL, it costs nothing."""
    return Index(None, column, postgresql_where=text(f"{column} IS NOT NULL"))


def newest_first(model: type[Base], *columns: str, sparse: bool = False, include: str | None = None) -> Index:
    """The index of a list: filtered by `columns`, newest first, the id breaking ties for keyset pages.

    `sparse`: few rows have the last of the columns, and only they are listed by it. `include`: a column to be summed up
    from the index alone.
    """
    table = model.__table__
    assert isinstance(table, Table)
    filtered = [table.c[column] for column in columns]
    name = "_".join(["ix", table.name, *columns, "created_at"])
    where = filtered[-1].is_not(None) if sparse else None
    order = (table.c.created_at.desc(), table.c.id.desc())
    beside = [include] if include else None
    return Index(name, *filtered, *order, postgresql_where=where, postgresql_include=beside)
