"""What goes wrong with the database, for as long as a test wants it to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.plugins.scene import Scene

_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON {table} EXECUTE FUNCTION full_disk()
"""


@asynccontextmanager
async def full(scene: Scene, table: str) -> AsyncIterator[None]:
    """No row can be added to the table."""
    async with scene.db.engine.begin() as owner:
        await owner.exec_driver_sql(_FULL.format(table=table))
    yield
    async with scene.db.engine.begin() as owner:
        await owner.exec_driver_sql("DROP FUNCTION full_disk() CASCADE")
