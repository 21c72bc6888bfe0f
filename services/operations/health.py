"""Is this service fit to answer?"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import QueuePool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import migrations
from core.db import Database


@dataclass(frozen=True, slots=True)
class Readiness:
    database: bool = False
    migrations: bool = False
    """The database has exactly the version that this code was written for."""
    queue: bool = False

    @property
    def ready(self) -> bool:
        return self.database and self.migrations and self.queue


_VERSIONS: Final = Path(next(iter(migrations.__path__)), "versions")
_LOOK = text("SELECT to_regclass('procrastinate.procrastinate_jobs') IS NOT NULL")
_AT = text("SELECT version_num FROM alembic_version")


async def readiness(db: Database) -> Readiness:
    try:
        async with db.engine.connect() as connection:
            queue = bool(await connection.scalar(_LOOK))
            versions = frozenset((await connection.execute(_AT)).scalars())
    except (DBAPIError, PoolTimeout, OSError):
        return Readiness()
    return Readiness(database=True, migrations=versions == {newest()}, queue=queue)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is due and nobody works on."""

    queue: str
    depth: int
    oldest_seconds: float


_BACKLOG = text("""
SELECT 'threads' AS queue, count(*) AS depth, coalesce(extract(epoch FROM now() - min(due_at)), 0) AS oldest
FROM platform_states WHERE due_at <= now() AND (lease_until IS NULL OR lease_until <= now())
UNION ALL
SELECT 'jobs', count(DISTINCT j.id), coalesce(extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at))), 0)
FROM procrastinate_jobs j LEFT JOIN procrastinate_events e ON e.job_id = j.id
WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())
""")


async def backlogs(db: Database) -> list[Backlog]:
    """Empty when the database cannot be asked: the other figures matter most just then."""
    try:
        async with db.service() as session:
            rows = (await session.execute(_BACKLOG)).all()
    except (DBAPIError, PoolTimeout, OSError):
        return []
    return [Backlog(row.queue, row.depth, float(row.oldest)) for row in rows]


def pool_use(db: Database) -> tuple[int, int]:
    """The connections of this process that are in use, and those that wait for one."""
    pools = [pool for pool in db.pools if isinstance(pool, QueuePool)]
    out, within = sum(pool.checkedout() for pool in pools), sum(pool.checkedin() for pool in pools)
    return out - db.kept, within + db.kept


@cache
def newest(folder: Path = _VERSIONS) -> str:
    """The version that this code was written for, by the files' names, whose order is the chain's. Alembic would load
    itself and every one of them: most of a second for each process."""
    named = (path.stem.removeprefix("m").split("_") for path in folder.glob("m*.py"))
    date, number = max(((date, number) for date, number, *_ in named), key=lambda it: (it[0], int(it[1])))
    return f"{date}_{number}"
