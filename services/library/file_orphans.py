"""What an accident left of files: objects that no row names, rows whose object is gone, uploads that nobody went on with,
folders in which nobody works any more."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, String, bindparam, text

from core import scratch, storage
from core.db import Database
from core.settings import Settings
from core.storage import Storage
from services.library import extractions
from services.library.files import MISSING
from services.library.uploads import STAGING

log = structlog.get_logger(__name__)

GRACE: Final = timedelta(hours=24)
BATCH: Final = 500
_LOOKS: Final = 16
"""At the store, at a time."""

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FILE: Final = re.compile(f"{_UUID}/{_UUID}/{_UUID}\\.[a-z0-9]{{1,10}}")
_PART: Final = re.compile(f"{STAGING}/({_UUID})/.+")

_EXPIRED: Final = text("""
DELETE FROM uploads WHERE id IN (
    SELECT id FROM uploads WHERE expires_at < now() LIMIT :batch FOR UPDATE SKIP LOCKED
) RETURNING id
""")
_UNNAMED: Final = text("""
SELECT path FROM unnest(:paths) AS found (path)
WHERE NOT EXISTS (SELECT FROM files f WHERE f.path = found.path)
    AND NOT EXISTS (SELECT FROM clips c WHERE c.path = found.path)
""").bindparams(bindparam("paths", type_=ARRAY(String)))
_ENDED: Final = text("""
SELECT id FROM unnest(CAST(:ids AS uuid[])) AS found (id) WHERE NOT EXISTS (SELECT FROM uploads u WHERE u.id = found.id)
""").bindparams(bindparam("ids", type_=ARRAY(String)))
_ROWS: Final = text("""
SELECT id, path, error IS NOT DISTINCT FROM :missing AS marked FROM files
WHERE id > :after AND created_at < now() - :grace ORDER BY id LIMIT :batch
""")
_MARK: Final = text("""
UPDATE files SET extraction_status = 'failed', error = :missing, retryable = false
WHERE id = ANY(CAST(:ids AS uuid[])) AND error IS DISTINCT FROM :missing RETURNING id
""").bindparams(bindparam("ids", type_=ARRAY(String)))
_REMOVE: Final = text("""
DELETE FROM files WHERE id = ANY(CAST(:ids AS uuid[])) AND error = :missing AND updated_at < now() - :grace RETURNING id
""").bindparams(bindparam("ids", type_=ARRAY(String)))
_BACK: Final = text("""
SELECT id, workspace_id FROM files WHERE id = ANY(CAST(:ids AS uuid[])) AND error = :missing FOR UPDATE
""").bindparams(bindparam("ids", type_=ARRAY(String)))


async def remove_orphans(db: Database, settings: Settings) -> int:
    """A routine. Whatever is younger than a day may still be on its way. A row without object is marked when it is found,
    and goes a day later if the object has not come back: storage that is wrongly mounted takes no row with it at once.
    What has come back is read again.
    """
    store = storage.of(settings)
    return (
        await _end_expired(db)
        + await _remove_unnamed(db, store)
        + await store.remove_unfinished(GRACE.total_seconds())
        + await asyncio.to_thread(scratch.sweep, GRACE.total_seconds())
        + await _check_rows(db, store)
    )


async def _end_expired(db: Database) -> int:
    total = 0
    while True:
        async with db.service() as session:
            ended = len((await session.execute(_EXPIRED, {"batch": BATCH})).all())
        total += ended
        if ended < BATCH:
            return total


async def _remove_unnamed(db: Database, store: Storage) -> int:
    before, removed = datetime.now(UTC) - GRACE, 0
    async for batch in store.listing():
        old = [found.path for found in batch if found.modified_at < before]
        parts = {path: part[1] for path in old if (part := _PART.fullmatch(path))}
        async with db.service() as session:
            unnamed = await session.scalars(
                _UNNAMED, {"paths": [path for path in old if _FILE.fullmatch(path)]}
            )
            ended = {str(each) for each in await session.scalars(_ENDED, {"ids": list(set(parts.values()))})}
        gone = [*unnamed, *(path for path, upload_id in parts.items() if upload_id in ended)]
        for path in gone:
            await store.delete(path)
        removed += len(gone)
    return removed


async def _check_rows(db: Database, store: Storage) -> int:
    after, changed = UUID(int=0), 0
    while True:
        async with db.service() as session:
            given = {"after": after, "grace": GRACE, "batch": BATCH, "missing": MISSING}
            found = (await session.execute(_ROWS, given)).all()
        if not found:
            return changed
        after = found[-1].id
        paths = await _absent(store, [row.path for row in found])
        lost = {"ids": [str(row.id) for row in found if row.path in paths], "missing": MISSING}
        kept = {
            "ids": [str(row.id) for row in found if row.marked and row.path not in paths],
            "missing": MISSING,
        }
        if not (lost["ids"] or kept["ids"]):
            continue
        async with db.service() as session:
            removed = (await session.execute(_REMOVE, {**lost, "grace": GRACE})).all()
            marked = (await session.execute(_MARK, lost)).all()
            back = (await session.execute(_BACK, kept)).all()
            for row in back:
                await extractions.request(session, row.workspace_id, row.id)
        log.warning("files.without_object", marked=len(marked), removed=len(removed), back=len(back))
        changed += len(marked) + len(removed) + len(back)


async def _absent(store: Storage, paths: Sequence[str]) -> set[str]:
    looks = asyncio.Semaphore(_LOOKS)

    async def absent(path: str) -> bool:
        async with looks:
            return await store.head(path) is None

    gone = await asyncio.gather(*(absent(path) for path in paths))
    return {path for path, missing in zip(paths, gone, strict=True) if missing}
