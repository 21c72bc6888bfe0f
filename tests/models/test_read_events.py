"""Reading a workflow's events: its own, of its workspace, and at the price of the months in which it lives."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from core.db import APP
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

_READ = text("SELECT * FROM read_events(:workspace, :workflow, '0', 0, 200)")
# What this transaction has looked up by index in each month, so far.
_LOOKED_INTO = text("""
SELECT month.inhrelid::regclass::text
FROM pg_inherits month JOIN pg_index i ON i.indrelid = month.inhrelid
WHERE month.inhparent = 'processing_logs'::regclass
GROUP BY 1 HAVING sum(pg_stat_get_xact_numscans(i.indexrelid)) + sum(pg_stat_get_xact_numscans(month.inhrelid)) > 0
""")
_MONTH = text("SELECT to_char(now() AT TIME ZONE 'UTC', '\"processing_logs_y\"YYYY\"m\"MM')")


def kinds(connection: Connection, workspace_id: UUID, workflow_id: UUID) -> list[str]:
    found = connection.execute(_READ, {"workspace": workspace_id, "workflow": workflow_id})
    *rows, last = found
    assert last.event is None  # how far nothing is still to come
    return [row.event["type"] for row in rows]


def test_a_workflows_events_are_read_from_its_own_months(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP)
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    assert "draft.created" in kinds(connection, two.workspace_id, two.mine["workflows"]["id"])
    connection.execute(text("RESET ROLE"))
    assert list(connection.scalars(_LOOKED_INTO)) == [connection.scalar(_MONTH)]


def test_another_workspaces_workflow_has_no_events(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP)
    assert kinds(connection, two.workspace_id, two.theirs["workflows"]["id"]) == []
    assert kinds(connection, two.theirs["workspaces"]["id"], two.theirs["workflows"]["id"])
