"""Database time of what a library is asked for, on 10,000 users' year: `python -m bench.library [--quick]`.

Each statement is one that the service sends, or of the schema that the figures come from, under row security and with the
settings of the service's own connections. The server's own planning and execution times are taken, so that neither driver
nor network counts; CPU is the backend's. A tenant's table that a plan reads from its beginning is named.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from pydantic import SecretStr
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Select, TextClause, select
from sqlalchemy.dialects import postgresql

from core.db import Database
from core.embedded import Cluster
from core.settings import Deployment, Settings
from core.sql import Statement, connection_of
from migrations.run import upgrade
from models import Project
from models.security import tables
from services import pages
from services.library import outputs, projects

USERS: Final = 10_000
OUTPUTS: Final = 500_000
ROUNDS: Final = 200
QUICK: Final = 20
"""Both sizes and rounds by this smaller."""
_ROWS: Final = Path(__file__).with_suffix(".sql")
_VACUUMS: Final = 50
"""Whoever looks at the database just then, autovacuum for one, keeps pages from being marked as seen by all."""
_SETTLED: Final = """
SELECT bool_and(relallvisible = relpages) FROM pg_class
WHERE oid IN ('platform_states'::regclass, 'workflows'::regclass, 'files'::regclass)
"""

_RECENT: Final = "SELECT * FROM projects WHERE user_id = :user_id ORDER BY created_at DESC LIMIT 10"
_BY_STATUS: Final = "SELECT kind, status, count(*) FROM outputs GROUP BY kind, status"
_BY_DAY: Final = """
SELECT date(created_at) AS date, kind, status, count(*) FROM outputs
WHERE created_at > now() - interval '30 days' GROUP BY 1, 2, 3 ORDER BY 1 DESC
"""
_ACTIVE: Final = """
SELECT date(created_at) AS date, count(DISTINCT user_id) AS active_users, count(*) AS total_projects
FROM projects WHERE created_at > now() - interval '30 days' GROUP BY 1 ORDER BY 1 DESC
"""
_BYTES: Final = (
    "SELECT project_id, count(*), sum(size_bytes) FROM files GROUP BY project_id ORDER BY 3 DESC LIMIT 10"
)
_SIZES: Final = """
SELECT tablename, pg_total_relation_size(format('%I.%I', schemaname, tablename)::regclass) AS bytes FROM pg_tables
WHERE schemaname = 'public' ORDER BY 2 DESC
"""


@dataclass(frozen=True, slots=True)
class Place:
    workspace_id: UUID
    project_id: UUID
    output_id: UUID


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    most_ms: float
    statement: Statement
    given: dict[str, Any]
    """Beside `id`s of a place."""
    big: bool = False
    """Of the big workspace's big project; else each time of another workspace."""
    everybody: bool = False
    """As the service, which sees all."""
    counted: bool = False
    """From indexes alone: one that reads rows, too, reads too much."""


def cases() -> Iterator[Case]:
    first = pages.parameters(pages.Wanted())
    listed = _compiled(pages.keyset(select(Project), (Project.created_at, Project.id), goes_on=False))
    whole = _of(projects.WHOLE)
    both = {"files": True, "outputs": True, "shown": projects.SHOWN}
    some = UUID(int=0)  # Filters only names it; each round puts a project's id there
    of_project, _ = outputs.page(outputs.Filters(project_id=some), goes_on=False)
    failed, _ = outputs.page(
        outputs.Filters(project_id=some, status=outputs.OutputStatus.FAILED), goes_on=False
    )
    yield Case("an output by its id", 1, outputs.ONE, {})
    yield Case("a project by its id", 1, Statement.of("SELECT * FROM projects WHERE id = :project_id"), {})
    yield Case("a user's projects, as Repostr asks", 5, Statement.of(_RECENT), {})
    yield Case("a page of projects", 5, listed, first)
    yield Case("the same of 10,000", 5, listed, first, big=True)
    yield Case("a project with files and outputs", 10, whole, both)
    yield Case("the same of 3,000 and 5,000", 10, whole, both, big=True)
    yield Case("a page of a project's outputs", 10, of_project, first)
    yield Case("the same of 5,000", 10, of_project, first, big=True)
    yield Case("the same, failed ones only", 10, failed, first, big=True)
    yield Case("outputs by kind and status", 50, Statement.of(_BY_STATUS), {}, counted=True)
    yield Case("the same of 50,000", 50, Statement.of(_BY_STATUS), {}, big=True, counted=True)
    yield Case("outputs of 30 days by day, of 50,000", 50, Statement.of(_BY_DAY), {}, big=True)
    yield Case("bytes by project, of 30,000 files", 50, Statement.of(_BYTES), {}, big=True, counted=True)
    yield Case("everybody's active users of 30 days", 50, Statement.of(_ACTIVE), {}, everybody=True)
    yield Case("sizes of all tables", 50, Statement.of(_SIZES), {}, everybody=True)


def _compiled(statement: Select[Any]) -> Statement:
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy has none there
    return Statement.of(str(statement.compile(dialect=dialect)))


def _of(clause: TextClause) -> Statement:
    return Statement.of(clause.text)


def run(console: Console, *, quick: bool) -> dict[str, float]:
    users, made, rounds = (size // (QUICK if quick else 1) for size in (USERS, OUTPUTS, ROUNDS))
    with tempfile.TemporaryDirectory(prefix="proofroom-bench-") as folder:
        cluster = Cluster(Path(folder), tests=True)
        cluster.start()
        try:
            settings = Settings(deployment=Deployment.EMBEDDED, database_url=SecretStr(cluster.url()))
            upgrade(settings)
            began = time.perf_counter()
            big, others = seed(cluster.url(user="postgres"), users, made)
            console.print(f"{users:,} users and {made:,} outputs in {time.perf_counter() - began:.0f} s")
            return asyncio.run(_measure(console, settings, big, others, rounds))
        finally:
            cluster.stop()


def seed(conninfo: str, users: int, outputs_made: int) -> tuple[Place, Sequence[Place]]:
    """The big project, and usual ones. Needs a superuser, since rows are written without their triggers."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = public")
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "CREATE TEMP TABLE wanted AS SELECT %s::bigint AS users, %s::bigint AS outputs",
            [users, outputs_made],
        )
        connection.execute(_ROWS.read_text())
        connection.execute("VACUUM (ANALYZE)")
        for _ in range(_VACUUMS):
            if connection.execute(_SETTLED).fetchone() == (True,):
                break
            connection.execute("VACUUM platform_states, workflows, files")
        found = connection.execute(
            "SELECT DISTINCT ON (project_id) workspace_id, project_id, thread_id FROM output WHERE n % 100 = 0"
            " UNION ALL (SELECT workspace_id, project_id, thread_id FROM output WHERE n % 10 <> 0 ORDER BY md5(n::text)"
            " LIMIT 1000)"
        ).fetchall()
    places = [Place(*row) for row in found]
    return places[0], places[1:]


async def _measure(
    console: Console, settings: Settings, big: Place, others: Sequence[Place], rounds: int
) -> dict[str, float]:
    table = Table("database time, ms", "p50", "p95", "CPU", "at most", "reads too much", box=box.SIMPLE_HEAD)
    figures: dict[str, float] = {}
    db = Database(settings)
    try:
        for case in cases():
            places = [big] * rounds if case.big else random.Random(1).choices(others, k=rounds)
            times, cpu, whole = await explain(db, case, places)
            p50, p95 = (statistics.quantiles(times, n=100, method="inclusive")[p - 1] for p in (50, 95))
            table.add_row(
                case.name, f"{p50:.2f}", f"{p95:.2f}", f"{cpu:.2f}", f"{case.most_ms:g}", ", ".join(whole)
            )
            figures[f"library_{case.name.replace(' ', '_')}_p95_ms"] = p95
    finally:
        await db.dispose()
    console.print(table)
    return figures


async def explain(db: Database, case: Case, places: Sequence[Place]) -> tuple[list[float], float, list[str]]:
    """Of each round, the mean of the backend's CPU, and the tables of which too much was read."""
    times: list[float] = []
    spent, whole = 0.0, set[str]()
    for place in places:
        given = {
            **case.given,
            "id": place.project_id if "files" in case.given else place.output_id,
            "project_id": place.project_id,
            "user_id": place.workspace_id,
        }
        where = place.workspace_id, place.workspace_id
        async with db.service() if case.everybody else db.tenant(*where) as session:
            connection = connection_of(session)
            cursor = psycopg.AsyncRawCursor(connection)
            before = _cpu_seconds(connection.info.backend_pid)
            await cursor.execute(
                b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + case.statement.query,
                [given[name] for name in case.statement.names],
            )
            row = await cursor.fetchone()
            spent += _cpu_seconds(connection.info.backend_pid) - before
        assert row is not None
        [explained] = row[0]
        times.append(explained["Planning Time"] + explained["Execution Time"])
        whole |= set(_too_much(explained["Plan"], counted=case.counted))
    return times, spent * 1000 / len(times), sorted(whole)


def _too_much(plan: dict[str, Any], *, counted: bool) -> Iterator[str]:
    """The tables that are read from their beginning; where it is `counted`, those of which rows are read at all."""
    reads_rows = counted and plan["Node Type"] != "Index Only Scan"
    table = plan.get("Relation Name")
    if table in {table.name for table in tables()} and (reads_rows or plan["Node Type"] == "Seq Scan"):
        yield table
    for below in plan.get("Plans", ()):
        yield from _too_much(below, counted=counted)


def _cpu_seconds(pid: int) -> float:
    """By the scheduler's count, in nanoseconds: the usual one is in hundredths of a second."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


if __name__ == "__main__":
    run(Console(highlight=False, width=132), quick="--quick" in sys.argv)
