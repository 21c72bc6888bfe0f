"""Rules that every table keeps, read off the mappings; `services.operations.schema` holds the database to the mappings."""

import re

import pytest
from sqlalchemy import DateTime, Index, PrimaryKeyConstraint, String, Table, UniqueConstraint, Uuid, inspect
from sqlalchemy.orm import configure_mappers

from models import Base
from models.security import AUDITED, GRANTS, policies, tables

TABLES = tables()
ON_DELETE = re.compile(r"CASCADE|RESTRICT|SET NULL( \(\w+\))?")


def prefixes(table: Table) -> list[list[str]]:
    """The columns of everything that is an index."""
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint | PrimaryKeyConstraint)]
    return [[getattr(column, "name", "") for column in index.columns] for index in [*table.indexes, *unique]]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_foreign_key_is_indexed(table: Table) -> None:
    for constraint in table.foreign_key_constraints:
        names = [column.name for column in constraint.columns]
        found = prefixes(table)
        assert any(index[: len(names)] == names or index[:1] == names[-1:] for index in found), names


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_foreign_key_says_what_a_deletion_does(table: Table) -> None:
    for constraint in table.foreign_key_constraints:
        action = constraint.ondelete or ""
        assert ON_DELETE.fullmatch(action), constraint.name
        if len(constraint.columns) == 2 and action.startswith("SET NULL"):
            assert "(" in action, f"{constraint.name} would clear workspace_id too"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_references_between_tenant_tables_name_the_workspace(table: Table) -> None:
    for constraint in table.foreign_key_constraints:
        target = constraint.referred_table
        shared = target.name in {"users", "workspaces"} or (table.name, target.name) == (
            "workflows",
            "templates",
        )
        assert shared or next(c.name for c in constraint.columns) == "workspace_id", constraint.name


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_its_id_and_its_times(table: Table) -> None:
    for name in ("created_at", "updated_at"):
        column = table.c[name]
        assert isinstance(column.type, DateTime)
        assert column.type.timezone
        assert not column.nullable
        assert column.server_default is not None
    if "id" in table.c and isinstance(table.c.id.type, Uuid):
        assert table.c.id.primary_key
        assert table.c.id.default is not None


def test_every_constraint_and_index_has_a_name_that_postgresql_keeps_whole() -> None:
    for table in TABLES:
        names = [constraint.name for constraint in table.constraints] + [
            index.name for index in table.indexes
        ]
        for name in names:
            assert isinstance(name, str), table.name
            assert len(name) <= 63, name


def test_lists_are_indexed_newest_first() -> None:
    listed = {
        "workflows": ("status", "project_id", "campaign_id"),
        "reviews": ("status", "assignee_id"),
        "publishing_jobs": ("status", "platform"),
        "posts": ("platform", "takedown_status"),
        "resources": ("type",),
        "templates": ("type",),
        "connected_accounts": ("status", "platform"),
    }
    for name, columns in listed.items():
        found = {str(index.name): index for index in Base.metadata.tables[name].indexes}
        for column in columns:
            index = found[f"ix_{name}_workspace_id_{column}_created_at"]
            assert isinstance(index, Index)
            order = [str(part) for part in index.expressions]
            assert order[-2:] == [f"{name}.created_at DESC", f"{name}.id DESC"]


def test_relationships_are_loaded_only_when_asked_for() -> None:
    configure_mappers()
    for mapper in Base.registry.mappers:
        for relationship in inspect(mapper.class_).relationships:
            assert relationship.lazy == "raise", relationship


def test_every_table_has_rights_and_policies_and_only_known_ones_are_audited() -> None:
    names = {table.name for table in TABLES}
    assert set(GRANTS) == names
    assert set(AUDITED) <= names
    for table in TABLES:
        roles = {role for _, _, role, _ in policies(table)}
        assert roles == {"proofroom_app", "proofroom_service"}, table.name
        for column in AUDITED.get(table.name, ("", ""))[1].split(", "):
            assert not column or column in table.c


def test_names_that_people_type_have_a_limit() -> None:
    for name in ("users.username", "projects.title", "templates.name", "campaigns.name", "api_keys.name"):
        table, column = name.split(".")
        kind = Base.metadata.tables[table].c[column].type
        assert isinstance(kind, String)
        assert kind.length, name
