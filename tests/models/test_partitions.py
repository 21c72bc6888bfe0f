"""Months of the log: made ahead, detached when old; and the order in which streams read it."""

import time
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from core.db import SERVICE, database_url
from core.settings import Settings
from services.operations.schema_proofs import enter
from tests.patience import PATIENCE_SECONDS
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

_MONTHS = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'processing_logs'::regclass ORDER BY 1"
)


def test_a_year_of_months_is_ready_and_more_can_be_made(connection: Connection) -> None:
    assert len(connection.scalars(_MONTHS).all()) == 13
    enter(connection, SERVICE)
    assert connection.scalar(text("SELECT make_partitions()")) == 0
    assert connection.scalar(text("SELECT make_partitions(14)")) == 2
    assert len(connection.scalars(_MONTHS).all()) == 15


def test_old_months_are_detached_with_their_rows(connection: Connection, two: TwoWorkspaces) -> None:
    connection.execute(text("RESET ROLE"))
    connection.execute(
        text(
            "CREATE TABLE processing_logs_y2020m01 PARTITION OF processing_logs"
            " FOR VALUES FROM ('2020-01-01+00') TO ('2020-02-01+00')"
        )
    )
    enter(connection, SERVICE)
    log = text("""INSERT INTO processing_logs (workspace_id, service_name, status, created_at)
                  VALUES (:workspace, 'sample', 'done', :at)""")
    connection.execute(log, {"workspace": two.workspace_id, "at": "2020-01-15 12:00+00"})
    assert connection.scalar(text("SELECT detach_partitions('90 days')")) == 1
    assert (
        connection.scalar(text("SELECT count(*) FROM processing_logs WHERE created_at < '2021-01-01'")) == 0
    )
    assert connection.scalar(text("SELECT detach_partitions('90 days')")) == 0
    with pytest.raises(IntegrityError, match="no partition"), connection.begin_nested():
        connection.execute(log, {"workspace": two.workspace_id, "at": "2020-01-15 12:00+00"})
    connection.execute(text("RESET ROLE"))
    assert connection.scalar(text("SELECT count(*) FROM processing_logs_y2020m01")) == 1


def test_a_reader_below_the_horizon_misses_no_late_commit(settings: Settings) -> None:
    """The first writer commits last: by id alone, a reader would already be past its row."""
    engine = create_engine(database_url(settings), poolclass=NullPool)
    write = text("""INSERT INTO processing_logs (workspace_id, service_name, status)
                    SELECT id, 'test', :status FROM workspaces""")
    read = text("""SELECT status FROM processing_logs WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
                   ORDER BY xid, id""")
    with engine.connect() as setup:
        enter(setup, SERVICE)
        setup.execute(text("INSERT INTO workspaces (name, slug) VALUES ('a', 'a')"))
        setup.commit()
    with engine.connect() as slow, engine.connect() as quick, engine.connect() as reader:
        enter(slow, SERVICE)
        slow.execute(write, {"status": "slow"})
        enter(quick, SERVICE)
        quick.execute(write, {"status": "quick"})
        quick.commit()
        enter(reader, SERVICE)
        assert reader.scalars(read).all() == []
        slow.commit()
        # Whoever writes anywhere on the server, other tests too, holds the horizon back for as long as it takes.
        found: Sequence[str] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
            reader.rollback()
            enter(reader, SERVICE)
            found = reader.scalars(read).all()
            assert found in ([], ["slow"], ["slow", "quick"])
        assert found == ["slow", "quick"]
