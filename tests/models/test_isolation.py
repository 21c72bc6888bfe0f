"""What one workspace sees and touches of another's: nothing."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Table, UniqueConstraint, and_, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from core.db import APP, SERVICE, Database
from models import views
from models.security import GRANTS, tables
from services.operations.schema_proofs import enter
from services.operations.schema_samples import sample
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

TENANT = [table for table in tables() if "workspace_id" in table.c]
REFERENCES = [
    (table, constraint)
    for table in TENANT
    for constraint in table.foreign_key_constraints
    if len(constraint.columns) == 2
]


def count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def seen(connection: Connection, table: Table) -> set[UUID]:
    """The workspaces whose rows are seen; shipped templates are nobody's."""
    return set(connection.scalars(select(table.c.workspace_id))) - {None}


def is_row(table: Table, row: dict[str, Any]) -> Any:
    return and_(*(key == row[key.name] for key in table.primary_key.columns))


def test_every_table_is_covered() -> None:
    assert set(GRANTS) == {table.name for table in tables()}
    assert len(TENANT) >= 28
    assert len(REFERENCES) >= 30


def test_a_request_sees_its_own_workspace_in_every_table_and_view(
    connection: Connection, two: TwoWorkspaces
) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    for table in TENANT:
        assert seen(connection, table) == {two.workspace_id}, table.name
    for view in views.metadata.tables.values():
        assert seen(connection, view) == {two.workspace_id}, view.name
    for name in ("users", "profiles", "user_sessions", "workspaces"):
        table = next(table for table in tables() if table.name == name)
        assert count(connection, table) == 1, name


def test_another_users_own_rows_are_hidden_inside_one_workspace(
    connection: Connection, two: TwoWorkspaces
) -> None:
    enter(connection, APP, two.workspace_id, two.theirs["users"]["id"])
    for name in ("users", "profiles", "user_sessions"):
        table = next(table for table in tables() if table.name == name)
        key = "id" if name == "users" else "user_id"
        assert list(connection.scalars(select(table.c[key]))) == [two.theirs["users"]["id"]]


def test_nothing_is_seen_before_a_workspace_is_known(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP)
    for table in (*TENANT, *views.metadata.tables.values()):
        assert seen(connection, table) == set(), table.name
    for name in ("users", "profiles", "user_sessions", "workspaces"):
        assert connection.scalar(text(f"SELECT count(*) FROM {name}")) == 0, name


def test_a_worker_sees_one_workspace_or_all(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, SERVICE, two.workspace_id)
    for table in TENANT:
        assert seen(connection, table) == {two.workspace_id}, table.name
    assert list(connection.scalars(text("SELECT id FROM users"))) == [two.user_id]
    enter(connection, SERVICE)
    for table in TENANT:
        assert len(seen(connection, table)) == 2, table.name


def test_the_owner_of_the_tables_sees_nothing(connection: Connection, two: TwoWorkspaces) -> None:
    connection.execute(text("RESET ROLE"))
    for table in tables():
        assert count(connection, table) == 0, table.name


def test_a_row_of_another_workspace_is_refused_in_every_table(
    connection: Connection, two: TwoWorkspaces
) -> None:
    for table in TENANT:
        values = sample(table, two.theirs)
        values.pop("template_id", None)  # refused before, by its trigger
        enter(connection, APP, two.workspace_id, two.user_id)
        with pytest.raises(ProgrammingError) as refused, connection.begin_nested():
            connection.execute(insert(table).values(values))
        writable = "INSERT" in GRANTS[table.name]
        expected = "violates row-level security" if writable else "permission denied"
        assert expected in str(refused.value), table.name


def test_another_workspaces_rows_cannot_be_changed_or_deleted(
    connection: Connection, two: TwoWorkspaces
) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    for table in TENANT:
        row = two.theirs[table.name]
        for action, statement in (
            ("UPDATE,", update(table).where(is_row(table, row)).values(updated_at=func.now())),
            ("DELETE", delete(table).where(is_row(table, row))),
        ):
            if action in f"{GRANTS[table.name]},":
                assert connection.execute(statement).rowcount == 0, (table.name, action)
            elif action not in GRANTS[table.name]:
                with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
                    connection.execute(statement)


def test_no_reference_leads_into_another_workspace(connection: Connection, two: TwoWorkspaces) -> None:
    """Foreign keys look past row security, so every one names the workspace; as the worker, who sees both."""
    for table, constraint in REFERENCES:
        column = next(
            element.parent for element in constraint.elements if element.parent.name != "workspace_id"
        )
        target = two.theirs[constraint.referred_table.name]["id"]
        if table.name == "drafts":
            statement: Any = insert(table).values(sample(table, two.mine) | {column.name: target})
        else:
            statement = update(table).where(is_row(table, two.mine[table.name])).values({column.name: target})
        savepoint = connection.begin_nested()
        if column.primary_key or any(
            isinstance(each, UniqueConstraint) and column.name in each.columns for each in table.constraints
        ):  # else what is there for their one row is taken already, whichever reference is looked at first
            connection.execute(delete(table).where(is_row(table, two.theirs[table.name])))
        with pytest.raises(IntegrityError) as refused:
            connection.execute(statement)
        savepoint.rollback()
        assert str(constraint.name) in str(refused.value)


def test_a_template_of_another_workspace_is_refused(connection: Connection, two: TwoWorkspaces) -> None:
    change = text("UPDATE workflows SET template_id = :template WHERE id = :id")
    mine = two.mine["workflows"]["id"]
    with pytest.raises(IntegrityError, match="not one of this workspace"), connection.begin_nested():
        connection.execute(change, {"template": two.theirs["templates"]["id"], "id": mine})
    shipped = connection.scalar(
        text(
            "INSERT INTO templates (name, type, prompt, is_custom) VALUES ('Ours', 'blog', '{topic}', false) RETURNING id"
        )
    )
    connection.execute(change, {"template": shipped, "id": mine})
    enter(connection, APP, two.workspace_id, two.user_id)
    assert connection.scalar(text("SELECT name FROM templates WHERE id = :id"), {"id": shipped}) == "Ours"
    renamed = connection.execute(text("UPDATE templates SET name = 'Mine' WHERE id = :id"), {"id": shipped})
    assert renamed.rowcount == 0


def test_a_request_cannot_forge_a_receipt(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    for statement in (
        "UPDATE publishing_jobs SET response_data = '{}'",
        "UPDATE publishing_jobs SET published_at = now()",
        "UPDATE posts SET url = 'https://example.com'",
        "INSERT INTO publishing_attempts (workspace_id) VALUES (gen_random_uuid())",
        "DELETE FROM publishing_jobs",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text(statement))


def test_months_of_the_log_cannot_be_read_directly(connection: Connection, two: TwoWorkspaces) -> None:
    month = connection.scalar(
        text("SELECT to_char(now() AT TIME ZONE 'UTC', '\"processing_logs_y\"YYYY\"m\"MM')")
    )
    for role in (APP, SERVICE):
        enter(connection, role, two.workspace_id)
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text(f"SELECT * FROM {month}"))


def test_checkpoints_belong_to_their_threads_workspace(connection: Connection, two: TwoWorkspaces) -> None:
    for rows in two:
        thread = str(rows["threads"]["id"])
        for statement in (
            "INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) VALUES (:thread, '1', '{}')",
            "INSERT INTO checkpoint_blobs (thread_id, channel, version, type) VALUES (:thread, 'c', '1', 'empty')",
            "INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, blob)"
            " VALUES (:thread, '1', 't', 0, 'c', '')",
        ):
            connection.execute(text(statement), {"thread": thread})
    for role in (APP, SERVICE):
        enter(connection, role, two.workspace_id)
        for name in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            found = list(connection.scalars(text(f"SELECT thread_id FROM {name}")))
            assert found == [str(two.mine["threads"]["id"])], (role, name)


def test_a_request_may_defer_a_job_and_read_nobodys(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP, two.workspace_id)
    job = "ROW('queue', 'task', 0, NULL, NULL, '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1"
    ids = connection.scalar(text(f"SELECT procrastinate_defer_jobs_v1(ARRAY[{job}])"))
    assert len(ids) == 1
    for statement in ("SELECT args FROM procrastinate_jobs", "DELETE FROM procrastinate_jobs"):
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text(statement))
    enter(connection, SERVICE)
    assert connection.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 1


def test_a_workspace_goes_with_all_that_is_in_it(connection: Connection, two: TwoWorkspaces) -> None:
    connection.execute(text("DELETE FROM workspaces WHERE id = :id"), {"id": two.workspace_id})
    for table in TENANT:
        left = seen(connection, table)
        assert two.workspace_id not in left, table.name
        assert two.theirs["workspaces"]["id"] in left, table.name
    assert connection.scalar(text("SELECT count(*) FROM users")) == 2


def test_a_user_goes_and_the_workspaces_records_stay(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    connection.execute(text("DELETE FROM users"))
    enter(connection, SERVICE)
    for name in ("workflows", "projects", "resources", "connected_accounts", "files", "posts", "templates"):
        kept = connection.execute(
            text(f"SELECT user_id FROM {name} WHERE workspace_id = :id"), {"id": two.workspace_id}
        ).one()
        assert kept.user_id is None, name
    gone = "SELECT count(*) FROM {} WHERE user_id = :id"
    for name in ("profiles", "user_sessions", "api_keys", "workspace_members", "audit_logs"):
        assert connection.scalar(text(gone.format(name)), {"id": two.user_id}) == 0, name
    traces = "SELECT string_agg(a::text, '') FROM audit_logs a"
    assert two.mine["users"]["username"] not in (connection.scalar(text(traces)) or "")


async def test_sessions_of_the_pool_are_held_to_their_workspace(db: Database) -> None:
    async with db.service() as session:
        for slug in ("one", "two"):
            await session.execute(
                text("INSERT INTO workspaces (name, slug) VALUES (:slug, :slug)"), {"slug": slug}
            )
        found = await session.execute(text("SELECT slug, id FROM workspaces"))
        ids: dict[str, UUID] = {row.slug: row.id for row in found}
    async with db.tenant(ids["one"]) as session:
        assert list(await session.scalars(text("SELECT slug FROM workspaces"))) == ["one"]
    async with db.service(ids["two"]) as session:
        assert list(await session.scalars(text("SELECT slug FROM workspaces"))) == ["two"]
    async with db.anonymous() as session:
        assert list(await session.scalars(text("SELECT slug FROM workspaces"))) == []


async def test_a_session_rolls_back_what_an_error_interrupts(db: Database) -> None:
    async def write_and_fail() -> None:
        async with db.service() as session:
            await session.execute(text("INSERT INTO workspaces (name, slug) VALUES ('a', 'a')"))
            await session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        await write_and_fail()
    async with db.service() as session:
        assert await session.scalar(text("SELECT count(*) FROM workspaces")) == 0
