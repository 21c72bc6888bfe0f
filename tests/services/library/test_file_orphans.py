"""What an accident leaves of files goes, whichever half was lost; what is on its way stays. And what goes on purpose goes
whole."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core import storage
from core.db import SERVICE, Database
from core.settings import Settings
from services.library.file_orphans import remove_orphans
from services.library.files import MISSING
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill

PATH = f"{uuid4()}/{uuid4()}/{uuid4()}.txt"


@pytest.fixture
async def rows(db: Database) -> dict[str, dict[str, Any]]:
    """One of everything, two days old."""
    async with db.service() as session:
        made = await (await session.connection()).run_sync(fill)
        await session.execute(
            text("UPDATE files SET path = :path, created_at = now() - interval '2 days'"), {"path": PATH}
        )
        await session.execute(text("UPDATE uploads SET expires_at = now() + interval '1 hour'"))
        return made


def put(settings: Settings, path: str, *, hours_old: float = 48) -> Path:
    storage.of(settings)
    file = settings.data_dir / "objects" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"words")
    then = file.stat().st_mtime - hours_old * 3600
    os.utime(file, (then, then))
    return file


async def test_objects_without_rows_go_after_a_day(
    db: Database, settings: Settings, rows: dict[str, dict[str, Any]]
) -> None:
    fresh, foreign = f"{uuid4()}/{uuid4()}/{uuid4()}.pdf", "backup/of/mine.txt"
    live, ended = f"staging/{rows['uploads']['id']}/0-a", f"staging/{uuid4()}/0-a"
    kept = [put(settings, path) for path in (PATH, foreign, live)] + [put(settings, fresh, hours_old=23)]
    gone = [put(settings, path) for path in (f"{uuid4()}/{uuid4()}/{uuid4()}.pdf", ended, f"{PATH}#1")]
    assert await remove_orphans(db, settings) == len(gone)
    assert not any(file.exists() for file in gone)
    assert all(file.exists() for file in kept)
    assert await remove_orphans(db, settings) == 0


async def test_a_row_without_object_is_marked_and_goes_a_day_later(
    db: Database, settings: Settings, rows: dict[str, dict[str, Any]]
) -> None:
    file_id = rows["files"]["id"]
    assert await remove_orphans(db, settings) == 1
    assert await file_of(db, file_id) == ("failed", MISSING)
    assert await remove_orphans(db, settings) == 0
    await age(db, file_id)
    file = put(settings, PATH)
    assert await remove_orphans(db, settings) == 1
    assert await file_of(db, file_id) == ("pending", None), "it has come back, and is read again"
    file.unlink()
    assert await remove_orphans(db, settings) == 1
    await age(db, file_id)
    assert await remove_orphans(db, settings) == 1
    assert await file_of(db, file_id) is None


async def test_uploads_that_nobody_goes_on_with_end(
    db: Database, settings: Settings, rows: dict[str, dict[str, Any]]
) -> None:
    put(settings, PATH)
    async with db.service() as session:
        await session.execute(text("UPDATE uploads SET expires_at = now()"))
    assert await remove_orphans(db, settings) == 1
    assert await jobs(db) == [("delete_staging", {"upload_id": str(rows["uploads"]["id"])})]


async def test_what_goes_with_its_project_goes_from_the_storage(
    db: Database, rows: dict[str, dict[str, Any]]
) -> None:
    async with db.tenant(rows["workspaces"]["id"], rows["users"]["id"]) as session:
        await session.execute(text("DELETE FROM projects"))
    assert set(map(str, await jobs(db))) == {
        str(("delete_object", {"path": PATH})),
        str(("delete_staging", {"upload_id": str(rows["uploads"]["id"])})),
    }


async def file_of(db: Database, file_id: UUID) -> tuple[str, str | None] | None:
    async with db.service() as session:
        found = await session.execute(
            text("SELECT extraction_status, error FROM files WHERE id = :id"), {"id": file_id}
        )
        row = found.one_or_none()
        return tuple(row) if row else None


async def age(db: Database, file_id: UUID) -> None:
    """The clock of `updated_at` is the trigger's: only whoever owns the table can set it back."""
    async with db.engine.begin() as owner:
        await owner.execute(text("ALTER TABLE files DISABLE TRIGGER trg_files_updated_at"))
        await owner.run_sync(enter, SERVICE)
        await owner.execute(
            text("UPDATE files SET updated_at = now() - interval '25 hours' WHERE id = :id"), {"id": file_id}
        )
        await owner.execute(text("RESET ROLE"))
        await owner.execute(text("ALTER TABLE files ENABLE TRIGGER trg_files_updated_at"))


async def jobs(db: Database) -> list[tuple[str, dict[str, Any]]]:
    async with db.service() as session:
        found = await session.execute(
            text("SELECT task_name, args FROM procrastinate_jobs WHERE task_name LIKE 'delete%' ORDER BY id")
        )
        return [(row.task_name, row.args) for row in found]
