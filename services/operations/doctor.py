"""What an operator has to look after, each thing with what mends it. Reads only, as the service role."""

import asyncio
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Table, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring, Undecryptable
from core.db import Database
from core.settings import Settings
from models import Base
from models.base import Encrypted
from services.operations import health
from services.operations.doctor_checks import CHECKS, Check

EXAMPLES: Final = 5
"""Of each check; `total` says how many there are."""
CONNECTIONS: Final = 0.80
DISK: Final = 0.85
"""Shares in use from which on there is a finding."""

# Some of what is looked for is found by no index: this is asked for by hand, and then a table may be read whole.
_READ_ALL: Final = text("SET LOCAL enable_seqscan = on")
_CONNECTIONS: Final = text(
    "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'"
)


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    what: str
    """One line, without anybody's words or secrets."""
    remedy: str
    total: int = 1
    """Things that this check found; the first `EXAMPLES` have a finding each."""


async def examine(db: Database, settings: Settings, keyring: Keyring) -> list[Finding]:
    """Nothing when all is well. On a database of another version only that is said."""
    ready = await health.readiness(db)
    if not ready.ready:
        return [_not_ready(ready)]
    found: list[Finding] = []
    async with db.service() as session:
        await session.execute(_READ_ALL)
        for check in CHECKS:
            found += await _look(session, check)
        found += await _connections(session)
        found += await _keys(session, keyring)
    return found + await asyncio.to_thread(_disk, settings)


def _not_ready(ready: health.Readiness) -> Finding:
    if not ready.database:
        return Finding(
            "database",
            "The database does not answer, or has no tables.",
            "Start it; then `proofroom migrate`.",
        )
    return Finding(
        "migrations", "The database is not at the version that this program needs.", "`proofroom migrate`"
    )


async def _look(session: AsyncSession, check: Check) -> Iterable[Finding]:
    rows = (await session.execute(check.statement, {"limit": EXAMPLES})).mappings()
    return [
        Finding(check.name, check.what.format(**row), check.remedy.format(**row), row["total"])
        for row in rows
    ]


async def _connections(session: AsyncSession) -> Iterable[Finding]:
    used, most = (await session.execute(_CONNECTIONS)).one()
    if used > CONNECTIONS * most:
        what = f"{used} of the database's {most} connections are in use."
        return [Finding("connections", what, "Raise max_connections, or lower DATABASE_POOL_SIZE.")]
    return []


async def _keys(session: AsyncSession, keyring: Keyring) -> list[Finding]:
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Encrypted):
                found += await _sealed(session, keyring, table, column)
    return found


async def _sealed(
    session: AsyncSession, keyring: Keyring, table: Table, column: Column[Any]
) -> list[Finding]:
    """Tries one value of each key's."""
    keys = list(table.primary_key.columns)
    version = func.substring(column, 1, 2 + func.get_byte(column, 1))
    statement = (
        select(func.count().over(partition_by=version), *keys, column)
        .where(column.is_not(None))
        .ext(distinct_on(version))
        .order_by(version)
    )
    found = []
    for count, *key, sealed in await session.execute(statement):
        context = ":".join([f"{table.name}.{column.name}", *(str(value) for value in key)])
        try:
            keyring.decrypt(sealed, context)
        except Undecryptable as error:
            what = f"{count} values of {table.name}.{column.name} cannot be read: {error}"
            remedy = "Put the key back into PROOFROOM_SECRET_KEYS, behind the newest; then `proofroom keys rotate`."
            found.append(Finding("keys", what, remedy))
    return found


def _disk(settings: Settings) -> list[Finding]:
    folder = settings.data_dir
    if not folder.exists():
        return []
    usage = shutil.disk_usage(folder)
    share = 1 - usage.free / usage.total
    if share <= DISK:
        return []
    what = f"The disk of {folder} is {share:.0%} full: {usage.free // 1024**2:,} MiB are free."
    return [Finding("disk", what, "Make room, or move files to S3 with PROOFROOM_STORAGE_URL.")]
