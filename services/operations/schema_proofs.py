"""Shows that triggers fire and policies hide, by doing it: the caller rolls all of it back."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, and_, func, select, text, update
from sqlalchemy.exc import DBAPIError

from core.db import APP, SERVICE
from models import AuditLog, Base, Post
from models.security import AUDITED, RECORDS, tables
from models.views import outputs
from services.operations.schema_samples import Rows, fill, owners

_ENTER: Final = text(
    "SELECT set_config('role', :role, true), set_config('proofroom.workspace_id', :workspace, true), "
    "set_config('proofroom.user_id', :user, true)"
)


def prove(connection: Connection) -> Iterator[str]:
    """What does not work, one line each."""
    enter(connection, SERVICE)
    mine, theirs = fill(connection), fill(connection)
    yield from _policies(connection, mine, theirs)
    enter(connection, SERVICE)
    yield from _times(connection, mine)
    yield from _audit(connection, mine)
    yield from _search(connection, mine)
    connection.execute(text("RESET ROLE"))


def enter(connection: Connection, role: str, workspace: UUID | None = None, user: UUID | None = None) -> None:
    """Take a role on until the transaction ends, in a workspace or in none."""
    connection.execute(_ENTER, {"role": role, "workspace": str(workspace or ""), "user": str(user or "")})


def _policies(connection: Connection, mine: Rows, theirs: Rows) -> Iterator[str]:
    """Each role sees its workspace's row in every table and view, and not the other workspace's."""
    for role in (APP, SERVICE):
        enter(connection, role, *owners(mine))
        for table in (*tables(), outputs):
            own, other = (rows.get(table.name, rows["platform_states"]) for rows in (mine, theirs))
            if not _sees(connection, table, own):
                yield f"policy: {table.name} hides a workspace's own row from {role}"
            if _sees(connection, table, other):
                yield f"policy: {table.name} shows another workspace's row to {role}"
    enter(connection, APP)
    for table in (*tables(), outputs):
        if connection.scalar(select(func.count()).select_from(table).where(_not_shared(table))):
            yield f"policy: {table.name} shows rows where no workspace is set"


def _sees(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    keys = list(table.primary_key.columns) or [table.c.id]
    return bool(connection.scalar(select(func.count()).select_from(table).where(_here(keys, row))))


def _not_shared(table: Table) -> Any:
    """Shipped templates are everybody's."""
    return table.c.workspace_id.is_not(None) if table.name == "templates" else True


def _times(connection: Connection, rows: Rows) -> Iterator[str]:
    """`updated_at` is kept, and what never changes refuses."""
    for table in tables():
        here = _here(list(table.primary_key.columns), rows[table.name])
        touch = update(table).where(here).values(updated_at=text("'epoch'"))
        try:
            with connection.begin_nested():
                connection.execute(touch)
        except DBAPIError as error:
            if table.name != "drafts":
                yield f"trigger: updating {table.name} fails: {str(error.orig).splitlines()[0]}"
            continue
        if table.name == "drafts":
            yield "trigger: drafts can be changed"
        elif connection.scalar(select(table.c.updated_at == func.now()).where(here)) is not True:
            yield f"trigger: {table.name}.updated_at is not kept"


def _audit(connection: Connection, rows: Rows) -> Iterator[str]:
    """Every audited table left a record of its sample row, and no secret in it."""
    logs = AuditLog.__table__
    for name, (_, hidden) in AUDITED.items():
        if name in RECORDS:
            continue
        row = rows[name]
        key = next(iter(Base.metadata.tables[name].primary_key.columns)).name
        recorded = connection.scalars(
            select(logs.c.new_values).where(
                logs.c.table_name == name, logs.c.new_values[key].astext == str(row[key])
            )
        ).first()
        if recorded is None:
            yield f"trigger: {name} is not audited"
            continue
        for column in filter(None, hidden.split(", ")):
            if recorded[column] not in {None, "[redacted]"}:
                yield f"trigger: the audit of {name} shows {column}"


def _search(connection: Connection, rows: Rows) -> Iterator[str]:
    post = rows["posts"]
    words = func.plainto_tsquery("simple", post["text_content"])
    if not connection.scalar(
        select(func.count()).where(Post.id == post["id"], Post.search_vector.op("@@")(words))
    ):
        yield "trigger: posts.search_vector is not kept"


def _here(keys: list[Any], row: dict[str, Any]) -> Any:
    return and_(*(key == row[key.name] for key in keys))
