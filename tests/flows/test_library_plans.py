"""What a library is asked for is planned by indexes, whatever the size: no statement of the benchmark reads a table whole, and
what counts reads no rows."""

import pytest

from bench.library import cases, explain, seed
from core.db import Database, libpq_url
from core.settings import Settings

pytestmark = pytest.mark.database


async def test_no_statement_of_the_library_reads_too_much(settings: Settings, db: Database) -> None:
    superuser = libpq_url(settings).replace("proofroom@", "postgres@", 1)
    big, usual = seed(superuser, users=50, outputs_made=2_000)
    too_much = {}
    for case in cases():
        times, _, tables = await explain(db, case, [big if case.big else usual[0]])
        assert len(times) == 1
        too_much[case.name] = tables
    assert {name: tables for name, tables in too_much.items() if tables} == {}
