"""Reading a workspace's events: its own, all of them, and by its own index in the months that there have been."""

from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from core.db import APP, SERVICE
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

_READ = text("SELECT * FROM read_workspace_events(:workspace, CAST(CAST(:xid AS text) AS xid8), :id, :limit)")
_FILL = text("""
INSERT INTO processing_logs (workspace_id, workflow_id, service_name, status, event, created_at, xid)
SELECT CASE WHEN n % 100 = 0 THEN CAST(:mine AS uuid) ELSE CAST(:other AS uuid) END, gen_random_uuid(), 'test', 'test',
    '{"type": "test"}', now(), CAST(CAST(3 + n AS text) AS xid8)
FROM generate_series(1, 20000) n
""")
# What this transaction has looked into so far: each month's own indexes, or the whole of it.
_SCANS = text("""
SELECT month.inhrelid::regclass::text AS month, regexp_replace(each::regclass::text, '.*y\\d+m\\d+_?', '') AS by
FROM pg_inherits month
CROSS JOIN LATERAL (SELECT month.inhrelid UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = month.inhrelid) e(each)
WHERE month.inhparent = 'processing_logs'::regclass AND pg_stat_get_xact_numscans(each) > 0
""")
_TOMORROW = text("SELECT to_char(now() + interval '1 day', '\"processing_logs_y\"YYYY\"m\"MM')")


def read(
    connection: Connection, workspace_id: UUID, xid: int = 0, row: int = 0, limit: int = 50
) -> list[tuple[int, int, bool]]:
    """Each one's position, and whether it is an event."""
    given = {"workspace": workspace_id, "xid": xid, "id": row, "limit": limit}
    return [(int(each.xid), each.id, each.event is not None) for each in connection.execute(_READ, given)]


def test_it_reads_page_by_page_to_the_oldest_that_still_runs(
    connection: Connection, two: TwoWorkspaces
) -> None:
    connection.execute(_FILL, {"mine": two.workspace_id, "other": two.theirs["workspaces"]["id"]})
    enter(connection, APP)
    for setting in ("enable_seqscan = off", "timezone = 'UTC'"):
        connection.execute(text(f"SET LOCAL {setting}"))
    oldest = int(connection.scalar(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")) or 0)
    found: list[tuple[int, int, bool]] = []
    while not found or found[-1][2]:
        xid, row, _ = found[-1] if found else (0, 0, True)
        page = read(connection, two.workspace_id, xid, row)
        assert len(page) <= 50
        found += page
    assert found[-1] == (oldest, 0, False)
    connection.execute(text("RESET ROLE"))
    scans = connection.execute(_SCANS).all()
    assert {scan.by for scan in scans} == {"workspace_id_xid_id_idx"}
    assert max(scan.month for scan in scans) <= (connection.scalar(_TOMORROW) or "")
    assert len(found) - 1 == sum(3 + n < oldest for n in range(100, 20001, 100)) + own(connection, two)
    assert found == sorted(found)


def own(connection: Connection, two: TwoWorkspaces) -> int:
    """What the sample rows' own triggers wrote."""
    enter(connection, SERVICE, two.workspace_id)
    found = connection.scalar(text("SELECT count(*) FROM processing_logs WHERE event ->> 'type' <> 'test'"))
    return found or 0


def test_another_workspace_has_other_events(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, APP)
    mine, theirs = (read(connection, rows["workspaces"]["id"]) for rows in two)
    assert len(mine) > 1
    assert not {each for each in mine if each[2]} & {each for each in theirs if each[2]}
